//go:build !failpoints

package main

import "time"

// failpoint is off: the program that people run cannot be told to end itself.
// The campaigns build theirs with the tag failpoints.
var failpoint func(name string)

// wall is the machine's clock. In the campaigns' build it can be set.
var wall = time.Now
