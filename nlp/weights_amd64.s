#include "textflag.h"

// func descend(w, squares, slope *weights, x float32, o *descent)
//
// Four classes at a time. Each gets what descendPlain computes, in the same order
// and rounded alike.
TEXT ·descend(SB), NOSPLIT, $0-40
	MOVQ  w+0(FP), DI
	MOVQ  squares+8(FP), SI
	MOVQ  slope+16(FP), DX
	MOVSS x+24(FP), X0
	MOVQ  o+32(FP), AX
	SHUFPS $0, X0, X0
	MOVUPS 0(AX), X1  // decay
	MOVUPS 16(AX), X2 // rate
	MOVUPS 32(AX), X3 // floor
	MOVQ  $5, CX

next:
	MOVUPS 0(DI), X4
	MOVUPS 0(DX), X5
	MULPS  X0, X5
	MOVAPS X4, X6
	MULPS  X1, X6
	ADDPS  X6, X5    // g = slope·x + decay·w
	MOVAPS X5, X6
	MULPS  X6, X6
	MOVUPS 0(SI), X7
	ADDPS  X6, X7    // squares += g·g
	MOVUPS X7, 0(SI)
	SQRTPS X7, X7
	ADDPS  X3, X7
	MULPS  X2, X5
	DIVPS  X7, X5
	SUBPS  X5, X4    // w -= rate·g / (floor + √squares)
	MOVUPS X4, 0(DI)
	ADDQ   $16, DI
	ADDQ   $16, SI
	ADDQ   $16, DX
	DECQ   CX
	JNZ    next
	RET

// func addRows(sum, rows *weights, numbers []uint32)
TEXT ·addRows(SB), NOSPLIT, $0-40
	MOVQ sum+0(FP), DI
	MOVQ rows+8(FP), SI
	MOVQ numbers_base+16(FP), DX
	MOVQ numbers_len+24(FP), CX
	MOVUPS 0(DI), X0
	MOVUPS 16(DI), X1
	MOVUPS 32(DI), X2
	MOVUPS 48(DI), X3
	MOVUPS 64(DI), X4
	TESTQ CX, CX
	JZ    done

next:
	MOVL  (DX), AX
	LEAQ  (AX)(AX*4), AX
	SHLQ  $4, AX     // 80 bytes a row
	ADDQ  SI, AX
	MOVUPS 0(AX), X5
	MOVUPS 16(AX), X6
	MOVUPS 32(AX), X7
	MOVUPS 48(AX), X8
	MOVUPS 64(AX), X9
	ADDPS X5, X0
	ADDPS X6, X1
	ADDPS X7, X2
	ADDPS X8, X3
	ADDPS X9, X4
	ADDQ  $4, DX
	DECQ  CX
	JNZ   next

done:
	MOVUPS X0, 0(DI)
	MOVUPS X1, 16(DI)
	MOVUPS X2, 32(DI)
	MOVUPS X3, 48(DI)
	MOVUPS X4, 64(DI)
	RET

// func addProducts(sum *weights, rows *[denseSize]weights, times *[denseSize]float32)
//
// Which numbers are 0 cannot be guessed: first it is noted, in a bit each, and then
// only the others are looked at.
TEXT ·addProducts(SB), NOSPLIT, $0-24
	MOVQ sum+0(FP), DI
	MOVQ rows+8(FP), SI
	MOVQ times+16(FP), DX
	PXOR X11, X11
	XORL R8, R8      // bits of the first 64
	XORL R9, R9      // bits of the last 16
	MOVQ $240, CX

first:
	MOVUPS (DX)(CX*1), X5
	CMPPS X11, X5, $4
	MOVMSKPS X5, AX
	SHLQ $4, R8
	ORQ  AX, R8
	SUBQ $16, CX
	JGE  first
	MOVQ $304, CX

last:
	MOVUPS (DX)(CX*1), X5
	CMPPS X11, X5, $4
	MOVMSKPS X5, AX
	SHLQ $4, R9
	ORQ  AX, R9
	SUBQ $16, CX
	CMPQ CX, $256
	JGE  last
	MOVUPS 0(DI), X0
	MOVUPS 16(DI), X1
	MOVUPS 32(DI), X2
	MOVUPS 48(DI), X3
	MOVUPS 64(DI), X4

next:
	BSFQ R8, AX
	JZ   others
	LEAQ -1(R8), BX
	ANDQ BX, R8
	MOVSS (DX)(AX*4), X5
	SHUFPS $0, X5, X5
	LEAQ (AX)(AX*4), AX
	SHLQ $4, AX      // 80 bytes a row
	ADDQ SI, AX
	MOVUPS 0(AX), X6
	MOVUPS 16(AX), X7
	MOVUPS 32(AX), X8
	MOVUPS 48(AX), X9
	MOVUPS 64(AX), X10
	MULPS X5, X6
	MULPS X5, X7
	MULPS X5, X8
	MULPS X5, X9
	MULPS X5, X10
	ADDPS X6, X0
	ADDPS X7, X1
	ADDPS X8, X2
	ADDPS X9, X3
	ADDPS X10, X4
	JMP  next

others:
	MOVQ R9, R8
	XORL R9, R9
	ADDQ $256, DX    // 64 numbers
	ADDQ $5120, SI   // and 64 rows
	TESTQ R8, R8
	JNZ  next
	MOVUPS X0, 0(DI)
	MOVUPS X1, 16(DI)
	MOVUPS X2, 32(DI)
	MOVUPS X3, 48(DI)
	MOVUPS X4, 64(DI)
	RET
