package feedback

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/states.md anew")

// named are the states and actions as the team reads them.
var (
	namedStates = map[State]string{New: "待认领", Open: "处理中", Waiting: "等客户", Resolved: "已解决", Closed: "已结束"}
	namedSteps  = map[Action]string{
		ActClaim: "认领", ActRelease: "释放", ActAssign: "转给人", ActTransfer: "转给组", ActReply: "回复", ActWait: "等客户",
		ActMessage: "客户来信", ActResolve: "解决", ActClose: "结束", ActReopen: "重开", ActExpire: "到期",
	}
)

// diagram is docs/states.md, made of nothing but Next.
func diagram() string {
	var b strings.Builder
	b.WriteString("# An item's states\n\nMade from `feedback.Next` by `go test ./feedback -update`; the test fails while this page says anything else.\n" +
		"结束 is 关闭, 垃圾, 合并 and 撤回 by the customer; 到期 is `desk.close_after`. An item in 处理中 whose owner goes is 待认领.\n\n```mermaid\nstateDiagram-v2\n")
	for _, s := range States {
		fmt.Fprintf(&b, "    %s: %s\n", s, namedStates[s])
	}
	b.WriteString("    [*] --> new: 收到\n")
	for _, from := range States {
		for _, to := range States {
			var steps []string
			for _, a := range Actions {
				if next, ok := Next(from, a); ok && next == to {
					steps = append(steps, namedSteps[a])
				}
			}
			if len(steps) > 0 {
				fmt.Fprintf(&b, "    %s --> %s: %s\n", from, to, strings.Join(steps, "、"))
			}
		}
	}
	b.WriteString("```\n\n| |")
	for _, a := range Actions {
		fmt.Fprintf(&b, " %s |", namedSteps[a])
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(Actions)) + "\n")
	for _, from := range States {
		fmt.Fprintf(&b, "| %s |", namedStates[from])
		for _, a := range Actions {
			name := ""
			if to, ok := Next(from, a); ok {
				name = namedStates[to]
			}
			fmt.Fprintf(&b, " %s |", name)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestTheDiagramShowsTheStateMachine(t *testing.T) {
	page := filepath.Join("..", "docs", "states.md")
	if *update {
		if err := os.WriteFile(page, []byte(diagram()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if string(kept) != diagram() {
		t.Errorf("%s is not what feedback.Next says: run go test ./feedback -update, and look at what changed", page)
	}
}

// TestTransitions says by hand what the machine must do, state by state, in the
// order of Actions; a dash is what cannot happen.
func TestTransitions(t *testing.T) {
	want := map[State]string{
		//         claim release assign transfer reply wait message resolve close reopen expire
		New:      "open - open new open waiting new resolved closed - -",
		Open:     "- new open new open waiting open resolved closed - -",
		Waiting:  "waiting new waiting new open waiting open resolved closed - closed",
		Resolved: "- - - - resolved - - resolved closed open closed",
		Closed:   "- - - - - - - - - open -",
	}
	for _, from := range States {
		var got []string
		for _, a := range Actions {
			to, ok := Next(from, a)
			if ok {
				got = append(got, string(to))
				continue
			}
			if to != "" {
				t.Errorf("%s, %s: not possible, and still leads to %s", from, a, to)
			}
			got = append(got, "-")
		}
		if s := strings.Join(got, " "); s != want[from] {
			t.Errorf("from %s:\n%s\nwant\n%s", from, s, want[from])
		}
	}
	if _, ok := Next("nosuch", ActClaim); ok {
		t.Error("an unknown state goes somewhere")
	}
}

func TestEveryStateIsReachedAndLeft(t *testing.T) {
	reached := map[State]bool{New: true}
	for range States {
		for from := range reached {
			for _, a := range Actions {
				if to, ok := Next(from, a); ok {
					reached[to] = true
				}
			}
		}
	}
	for _, s := range States {
		if !reached[s] {
			t.Errorf("%s is never reached", s)
		}
		left := false
		for _, a := range Actions {
			to, ok := Next(s, a)
			left = left || ok && to != s
		}
		if !left {
			t.Errorf("%s is never left", s)
		}
	}
}

func TestSettle(t *testing.T) {
	for _, s := range States {
		for _, owner := range []int64{0, 7} {
			want := s
			if s == Open && owner == 0 {
				want = New
			}
			if got := Settle(s, owner); got != want {
				t.Errorf("%s owned by %d: %s, want %s", s, owner, got, want)
			}
		}
	}
}

func TestParseState(t *testing.T) {
	for _, s := range States {
		if got, err := ParseState(string(s)); got != s || err != nil {
			t.Errorf("%s: %s %v", s, got, err)
		}
	}
	for _, s := range []string{"", "New", "待认领", "new "} {
		if got, err := ParseState(s); !errors.Is(err, ErrInvalid) || got != "" {
			t.Errorf("%q: %q %v", s, got, err)
		}
	}
}

func TestRoles(t *testing.T) {
	for i, r := range Roles {
		for j, least := range Roles {
			if got := r.AtLeast(least); got != (i >= j) {
				t.Errorf("%s at least %s: %v", r, least, got)
			}
		}
	}
	for _, r := range []Role{"", "root"} {
		if r.AtLeast(Viewer) || r.AtLeast("") {
			t.Errorf("the unknown role %q includes something", r)
		}
	}
}

func TestLive(t *testing.T) {
	for _, s := range States {
		for _, c := range []Delivery{DeliveryNone, DeliveryPending, DeliverySent, DeliveryUncertain, DeliveryDead, DeliveryCancelled} {
			want := s == New || s == Open || s == Waiting || s == Resolved && (c == DeliveryUncertain || c == DeliveryDead)
			if got := (&Item{State: s, Closure: c}).Live(); got != want {
				t.Errorf("%s with closure %s: live %v", s, c, got)
			}
		}
	}
}
