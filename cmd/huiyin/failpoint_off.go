//go:build !failpoints

package main

// failpoint is off: the program that people run cannot be told to end itself.
// The campaigns build theirs with the tag failpoints.
var failpoint func(name string)
