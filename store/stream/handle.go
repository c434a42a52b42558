package stream

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

var (
	errAbandoned = errors.New("the handler outlived its context and was left behind")
	errGoexit    = errors.New("the handler ended its goroutine")
)

// worker runs the handler of one Consume call under the rules that both implementations share.
type worker struct {
	options Options
	stage   string
	handle  Handler
	fault   faults // of the handler
	read    faults // of what brings it batches
}

func newWorker(o Options, stage string, handle Handler) *worker {
	log := o.Log.With("stage", stage)
	return &worker{options: o, stage: stage, handle: handle, fault: faults{log: log}, read: faults{log: log}}
}

// patience is how long handle may work on what was fetched at one moment: shorter than ClaimIdle, so that it has given
// up before anyone else is handed the same ids.
func (w *worker) patience() time.Duration { return w.options.ClaimIdle * 3 / 4 }

// do hands ids to the handler with a context that ends at the deadline, or Grace after ctx is done. It returns when the
// handler has, or when the handler ignores the end of its context: a stuck handler must not make a stage deaf.
func (w *worker) do(ctx context.Context, deadline time.Time, ids []int64) error {
	work, cancel := context.WithDeadline(context.WithoutCancel(ctx), deadline)
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		grace := time.NewTimer(w.options.Grace)
		defer grace.Stop()
		select {
		case <-grace.C:
			cancel()
		case <-work.Done():
		}
	})
	defer stop()

	done := make(chan error, 1)
	go w.protected(work, ids, done)
	err := w.wait(work, done)
	if err != nil {
		w.fault.failed(ctx, "batch not finished, it comes again", err, "ids", len(ids), "first", ids[0])
		return err
	}
	w.fault.succeeded(ctx)
	return nil
}

// wait gives a handler whose context has ended a last quarter of ClaimIdle to notice.
func (w *worker) wait(work context.Context, done <-chan error) error {
	select {
	case err := <-done:
		return err
	case <-work.Done():
	}
	last := time.NewTimer(w.options.ClaimIdle / 4)
	defer last.Stop()
	select {
	case err := <-done:
		return err
	case <-last.C:
		return errAbandoned
	}
}

// protected sends the handler's outcome to done, whatever way it ends. The value of a panic may hold customers' text:
// only the runtime's own is kept.
func (w *worker) protected(ctx context.Context, ids []int64, done chan<- error) {
	err := errGoexit
	defer func() {
		switch p := recover().(type) {
		case nil:
		case runtimeError:
			err = fmt.Errorf("the handler panicked: %w", p)
			w.fault.log.ErrorContext(ctx, "handler panicked", "error", p, "stack", string(debug.Stack()))
		default:
			err = fmt.Errorf("the handler panicked with a %T", p)
			w.fault.log.ErrorContext(ctx, "handler panicked", "type", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
		}
		done <- err
	}()
	err = w.handle(ctx, ids)
}

// runtimeError is runtime.Error: index out of range, nil map, nil pointer.
type runtimeError interface {
	error
	RuntimeError()
}
