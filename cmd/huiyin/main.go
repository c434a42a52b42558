// Command huiyin is the whole of Huiyin 回音: the hub, its tools and its doctor
// in one program. Each subcommand has its file.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// errUsage is wrapped by errors about how a command was written.
var errUsage = errors.New("usage")

// command is one subcommand.
type command struct {
	name string
	args string
	help string
	run  func(ctx context.Context, c *cli, args []string) error
}

// cli is a running command's surroundings.
type cli struct {
	out, err io.Writer
	in       io.Reader
	env      func(string) (string, bool)
	config   string // -c
	lang     string // of what is said on the terminal
}

func commands() []command {
	return []command{
		{"serve", "[-only pipeline,web,bots,listeners]", "runs everything", serve},
		{"check", "[-sample] [-texts]", "says everything that is wrong with the configuration", check},
		{"doctor", "", "tries each bot, listener, database and Redis", doctor},
		{"analyze", "[FILE] | -again [-since DAY] [-until DAY] [-open]", "JSON Lines in, JSON Lines out; -again: stored items, by the model in force", analyze},
		{"import", "FILE -channel NAME [-map text=COLUMN] [-live]", "takes rows of CSV, TSV, XLSX or JSON Lines in", importRows},
		{"export", "-o FILE.csv|.xlsx|.jsonl", "writes a row for each item", export},
		{"train", "DIR [-o MODEL] [-seed N] [-leave-out]", "trains the sentiment model", train},
		{"eval", "[-intent] [-urgency] [-aspects] FILE … | -corrections [-since DAY] [-until DAY] [-by month]", "scores the analysis on labelled rows, or by what colleagues corrected", eval},
		{"staff", "add NAME -team T -role R, or passwd|totp|signout NAME [-off]", "adds a colleague, or changes how one signs in to the board", staff},
		{"signin", "NAME", "prints a board link for 10 minutes", signin},
		{"quarantine", "[-text] [-replay ID …|all]", "lists messages that failed too often, and tries them again", quarantine},
		{"privacy", "export -subject CHANNEL:USER -o FILE.zip, or erase -subject CHANNEL:USER", "hands out or removes all data of a person", privacy},
		{"migrate", "[-restored]", "brings the database to this version; -restored after a backup was put back", migrate},
		{"version", "", "prints the version", version},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, &cli{out: os.Stdout, err: os.Stderr, in: os.Stdin, env: os.LookupEnv}, os.Args[1:])
	stop()
	os.Exit(code)
}

// run carries out one command line and returns the exit status.
func run(ctx context.Context, c *cli, args []string) int {
	c.lang = terminalLanguage(c.env)
	if len(args) == 0 || slices.Contains([]string{"help", "-h", "-help", "--help"}, args[0]) {
		usage(c.out)
		if len(args) == 0 {
			return exitUsage
		}
		return exitDone
	}
	for _, cmd := range commands() {
		if cmd.name != args[0] {
			continue
		}
		err := cmd.run(ctx, c, args[1:])
		switch {
		case err == nil:
			return exitDone
		case errors.Is(err, flag.ErrHelp):
			return exitDone
		case errors.Is(err, errQuiet):
			return exitFailed
		case errors.Is(err, errUsage):
			fmt.Fprintf(c.err, "huiyin %s: %v\n  huiyin %s %s\n", cmd.name, trimUsage(err), cmd.name, cmd.args)
			return exitUsage
		default:
			fmt.Fprintf(c.err, "huiyin %s: %v\n", cmd.name, err)
			return exitFailed
		}
	}
	fmt.Fprintf(c.err, "huiyin: there is no command %q\n", args[0])
	usage(c.err)
	return exitUsage
}

// errQuiet ends a command as failed where everything was said already.
var errQuiet = errors.New("failed")

func trimUsage(err error) string {
	return strings.TrimSuffix(strings.TrimPrefix(err.Error(), "usage: "), ": usage")
}

func usage(w io.Writer) {
	fmt.Fprintln(w, "Huiyin 回音: what customers say, heard, resolved and answered.\n\n  huiyin COMMAND [-c FILE] …")
	for _, cmd := range commands() {
		fmt.Fprintf(w, "  %-10s %-48s %s\n", cmd.name, cmd.args, cmd.help)
	}
}

// terminalLanguage is zh-CN unless the environment asks for English.
func terminalLanguage(env func(string) (string, bool)) string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v, ok := env(name); ok && v != "" {
			if strings.HasPrefix(v, "en") {
				return "en"
			}
			return "zh-CN"
		}
	}
	return "zh-CN"
}

// flags parses flags that may follow operands and returns the operands. Every
// command takes -c.
func (c *cli) flags(fs *flag.FlagSet, args []string, operands int) ([]string, error) {
	fs.SetOutput(c.err)
	fs.StringVar(&c.config, "c", c.config, "configuration `file`")
	var rest []string
	for {
		if err := fs.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return nil, err
			}
			return nil, fmt.Errorf("%w: %w", errUsage, err)
		}
		if fs.NArg() == 0 {
			break
		}
		rest = append(rest, fs.Arg(0))
		args = fs.Args()[1:]
	}
	if operands >= 0 && len(rest) != operands {
		return nil, fmt.Errorf("%w: %d operands expected, %d given", errUsage, operands, len(rest))
	}
	return rest, nil
}

// newFlags returns an empty flag set for a command.
func newFlags(name string) *flag.FlagSet { return flag.NewFlagSet(name, flag.ContinueOnError) }
