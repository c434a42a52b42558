#include "textflag.h"

// func addRows(lanes *[32]uint16, rows *byte, slots []uint32)
TEXT ·addRows(SB), NOSPLIT, $0-40
	MOVQ lanes+0(FP), DI
	MOVQ rows+8(FP), SI
	MOVQ slots_base+16(FP), DX
	MOVQ slots_len+24(FP), CX
	PXOR X0, X0      // columns 0 to 7
	PXOR X1, X1      // 8 to 15
	PXOR X2, X2      // 10 to 17
	PXOR X3, X3      // 18 to 25
	PXOR X8, X8
	PCMPEQB X9, X9
	PSLLW $15, X9
	PACKSSWB X9, X9  // 0x80 in each byte: makes 0 to 255 of -128 to 127
	TESTQ CX, CX
	JZ   done

next:
	MOVL (DX), AX
	IMUL3Q $26, AX, AX // bytes a row
	ADDQ SI, AX
	MOVOU 0(AX), X4
	MOVOU 10(AX), X6
	PXOR X9, X4
	PXOR X9, X6
	MOVO X4, X5
	MOVO X6, X7
	PUNPCKLBW X8, X4
	PUNPCKHBW X8, X5
	PUNPCKLBW X8, X6
	PUNPCKHBW X8, X7
	PADDW X4, X0
	PADDW X5, X1
	PADDW X6, X2
	PADDW X7, X3
	ADDQ $4, DX
	DECQ CX
	JNZ  next

done:
	MOVOU X0, 0(DI)
	MOVOU X1, 16(DI)
	MOVOU X2, 32(DI)
	MOVOU X3, 48(DI)
	RET

// LOOK extends the hash AX by the unit at off, whose slot is then in CX and whose mark
// in R14 (1 for 0), looks for it among eight, and writes its run. A bit of BX tells
// whether it is known, one of R8 that none of the eight decides.
#define LOOK(k, off) \
	MOVQ off(SI), CX; \
	ADDQ R12, CX; \
	XORQ CX, AX; \
	IMULQ R13, AX; \
	MOVQ AX, CX; \
	SHRQ $32, CX; \
	XORQ CX, AX; \
	IMULQ R10, CX; \
	SHRQ $32, CX; \
	CMPQ CX, DX; \
	JHI done; \
	MOVWLZX AX, R14; \
	CMPL R14, $1; \
	ADCL $0, R14; \
	MOVD R14, X1; \
	PSHUFLW $0, X1, X1; \
	PUNPCKLQDQ X1, X1; \
	MOVOU (R9)(CX*2), X0; \
	MOVO X0, X2; \
	PCMPEQW X1, X0; \
	PCMPEQW X3, X2; \
	PMOVMSKB X0, R14; \
	PMOVMSKB X2, R15; \
	ORL R14, R15; \
	ORL $0x10000, R15; \
	BSFL R15, R15; \
	BTL R15, R14; \
	ADCL BX, BX; \
	MOVL R15, R14; \
	SHRL $4, R14; \
	LEAL (R14)(R8*2), R8; \
	SHRL $1, R15; \
	ADDQ R15, CX; \
	SHLQ $32, CX; \
	LEAQ k(CX)(R11*1), CX; \
	MOVQ CX, off(DI)

// func findRuns(runs *run, units *uint64, fours int, first run, marks *byte, slots int) (found, done, known int)
TEXT ·findRuns(SB), NOSPLIT, $8-72
	MOVQ runs+0(FP), DI
	MOVQ units+8(FP), SI
	MOVQ fours+16(FP), AX
	MOVQ AX, left-8(SP)
	MOVQ first+24(FP), R11
	MOVQ marks+32(FP), R9
	MOVQ slots+40(FP), R10
	LEAQ -8(R10), DX
	MOVQ $0x9e3779b97f4a7c15, R12
	MOVQ $0xff51afd7ed558ccd, R13
	PXOR X3, X3
	MOVQ $0, known+64(FP)

next:
	MOVQ $9, AX      // seedGram
	XORL BX, BX
	XORL R8, R8
	LOOK(0, 0)
	LOOK(1, 8)
	LOOK(2, 16)
	LOOK(3, 24)
	XORL $15, BX     // not known, the shortest in bit 3
	LEAL 1(BX)(BX*1), BX
	BSRL BX, BX      // how many of the four are not part of the run
	SHLL $1, R8
	MOVL $4, CX
	SUBL BX, CX      // how many are
	BTL  BX, R8
	JCS  undecided
	LEAQ (DI)(CX*8), DI
	ADDQ $8, SI
	ADDQ $4, R11
	DECQ left-8(SP)
	JNZ  next
	JMP  done

undecided:
	MOVQ CX, known+64(FP)

done:
	SUBQ runs+0(FP), DI
	SHRQ $3, DI
	MOVQ DI, found+48(FP)
	SUBQ units+8(FP), SI
	SHRQ $3, SI
	MOVQ SI, done+56(FP)
	RET
