package feedback

import "fmt"

// State is where an item stands.
type State string

// The states of an item; the contract's section 5 says what each means.
const (
	New      State = "new"
	Open     State = "open"
	Waiting  State = "waiting"
	Resolved State = "resolved"
	Closed   State = "closed"
)

// States lists the states in the order of a life.
var States = []State{New, Open, Waiting, Resolved, Closed}

// ParseState returns the state named s. Unknown text is an error, never a
// default.
func ParseState(s string) (State, error) {
	for _, st := range States {
		if string(st) == s {
			return st, nil
		}
	}
	return "", fmt.Errorf("%w: unknown state %q", ErrInvalid, s)
}

// Action is what moves an item from one state to another.
type Action string

// The actions of the state machine.
const (
	ActClaim    Action = "claim"
	ActRelease  Action = "release"
	ActAssign   Action = "assign"   // to a person
	ActTransfer Action = "transfer" // to a team
	ActReply    Action = "reply"
	ActWait     Action = "wait"
	ActMessage  Action = "message" // the customer wrote
	ActResolve  Action = "resolve"
	ActClose    Action = "close" // also spam, withdrawn by the customer, merged
	ActReopen   Action = "reopen"
	ActExpire   Action = "expire" // close_after has passed
)

// Actions lists the actions in the order of the diagram.
var Actions = []Action{ActClaim, ActRelease, ActAssign, ActTransfer, ActReply, ActWait, ActMessage, ActResolve, ActClose, ActReopen, ActExpire}

// transitions is the whole state machine. What is not in it cannot happen.
var transitions = map[State]map[Action]State{
	New: {
		ActClaim: Open, ActAssign: Open, ActTransfer: New, ActReply: Open, ActWait: Waiting,
		ActMessage: New, ActResolve: Resolved, ActClose: Closed,
	},
	Open: {
		ActRelease: New, ActAssign: Open, ActTransfer: New, ActReply: Open, ActWait: Waiting,
		ActMessage: Open, ActResolve: Resolved, ActClose: Closed,
	},
	Waiting: {
		ActClaim: Waiting, ActRelease: New, ActAssign: Waiting, ActTransfer: New, ActReply: Open, ActWait: Waiting,
		ActMessage: Open, ActResolve: Resolved, ActClose: Closed, ActExpire: Closed,
	},
	Resolved: {ActReply: Resolved, ActResolve: Resolved, ActReopen: Open, ActClose: Closed, ActExpire: Closed},
	Closed:   {ActReopen: Open},
}

// Next returns the state that action leads to from s, and false where the
// action is not possible there. A reopened item without an owner is New, which
// the caller settles with Settle.
func Next(s State, action Action) (State, bool) {
	to, ok := transitions[s][action]
	return to, ok
}

// Settle returns the state that fits the owner: an open item nobody owns is
// New.
func Settle(s State, owner int64) State {
	if s == Open && owner == 0 {
		return New
	}
	return s
}
