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

	"github.com/huiyin/huiyin/feedback/near"
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
	name     string
	args     string
	zh, help string // what it does, in Chinese and in English
	run      func(ctx context.Context, c *cli, args []string) error
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
		{"serve", "[-only pipeline,web,bots,listeners]", "全部跑起来", "runs everything", serve},
		{"check", "[-sample] [-texts]", "配置哪里写错了，该怎么写；-sample 印出一份带说明的样本", "says everything that is wrong with the configuration; -sample prints one, explained", check},
		{"doctor", "", "逐个试机器人、信源、数据库和 Redis，不通的说怎么办", "tries each bot, listener, database and Redis, and says what to do", doctor},
		{"analyze", "[FILE] | -again [-since DAY] [-until DAY] [-open]", "分析：JSON Lines 进，JSON Lines 出；-again 用现在的模型重判已存的反馈", "JSON Lines in, JSON Lines out; -again: stored items, by the model in force", analyze},
		{"import", "FILE -channel NAME [-map text=COLUMN] [-live [-yes]]", "导入 CSV、TSV、XLSX 或 JSON Lines", "takes rows of CSV, TSV, XLSX or JSON Lines in", importRows},
		{"export", "-o FILE.csv|.xlsx|.jsonl [-channel NAME] [-lang zh-CN|en]", "导出，一条反馈一行", "writes a row for each item", export},
		{"train", "DIR [-o MODEL] [-seed N] [-leave-out]", "训练情感模型", "trains the sentiment model", train},
		{"eval", "[-intent] [-urgency] [-aspects] FILE … | -corrections [-since DAY] [-until DAY] [-by month]", "给分析打分：用标注好的文件，或用同事的纠正", "scores the analysis on labelled rows, or by what colleagues corrected", eval},
		{"staff", "add NAME -team T -role R, or passwd|totp|signout NAME [-off]", "加同事，或改同事怎么登录看板", "adds a colleague, or changes how one signs in to the board", staff},
		{"signin", "NAME", "印出看板链接，10 分钟有效", "prints a board link for 10 minutes", signin},
		{"quarantine", "[-text] [-replay ID …|all]", "列出处理不了、放在一边的消息，或再试一次", "lists messages that failed too often, and tries them again", quarantine},
		{"privacy", "export -subject CHANNEL:USER -o FILE.zip, or erase -subject CHANNEL:USER", "交出或删掉一个人的全部资料", "hands out or removes all data of a person", privacy},
		{"migrate", "[-restored]", "把数据库升到这个版本；放回备份以后用 -restored", "brings the database to this version; -restored after a backup was put back", migrate},
		{"version", "", "印出版本", "prints the version", version},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // who asks a second time does not want to wait for an orderly end
	code := run(ctx, &cli{out: os.Stdout, err: os.Stderr, in: os.Stdin, env: os.LookupEnv}, os.Args[1:])
	stop()
	os.Exit(code)
}

// run carries out one command line and returns the exit status.
func run(ctx context.Context, c *cli, args []string) int {
	c.lang = terminalLanguage(c.env)
	asked := len(args) > 0 && slices.Contains([]string{"help", "-h", "-help", "--help"}, args[0])
	switch {
	case len(args) == 0:
		c.usage(c.out)
		return exitUsage
	case asked && len(args) == 1:
		c.usage(c.out)
		return exitDone
	case asked:
		args = []string{args[1], "-help"}
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
			fmt.Fprintf(c.err, c.tr("huiyin %s: %v\n  huiyin %s %s\n  huiyin help %s 说明每个选项\n", "huiyin %s: %v\n  huiyin %s %s\n  huiyin help %s explains every flag\n"),
				cmd.name, trimUsage(err), cmd.name, cmd.args, cmd.name)
			return exitUsage
		default:
			fmt.Fprintf(c.err, "huiyin %s: %v\n", cmd.name, err)
			return exitFailed
		}
	}
	fmt.Fprintf(c.err, c.tr("huiyin：没有命令 %q", "huiyin: there is no command %q"), args[0])
	if nearest, ok := near.Word(args[0], names()); ok {
		fmt.Fprintf(c.err, c.tr("，是想写 %s 吗？", ": did you mean %s?"), nearest)
	}
	fmt.Fprintln(c.err, c.tr("\n  huiyin help 列出全部命令", "\n  huiyin help lists them all"))
	return exitUsage
}

// errQuiet ends a command as failed where everything was said already.
var errQuiet = errors.New("failed")

func trimUsage(err error) string {
	return strings.TrimSuffix(strings.TrimPrefix(err.Error(), "usage: "), ": usage")
}

// usage lists the commands.
func (c *cli) usage(w io.Writer) {
	fmt.Fprintln(w, c.tr("回音 Huiyin：客户说的话，听见、解决、答复。\n\n  huiyin 命令 [-c 配置文件] …\n  huiyin help 命令\n",
		"Huiyin 回音: what customers say, heard, resolved and answered.\n\n  huiyin COMMAND [-c FILE] …\n  huiyin help COMMAND\n"))
	for _, cmd := range commands() {
		fmt.Fprintf(w, "%s\n    %s\n", strings.TrimSpace(cmd.name+" "+cmd.args), c.tr(cmd.zh, cmd.help))
	}
}

// names are the commands' names.
func names() []string {
	var all []string
	for _, cmd := range commands() {
		all = append(all, cmd.name)
	}
	return all
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

// flags parses flags that may follow operands and returns the operands, of which
// there are to be as many as operands says; -1: any number. Every command takes
// -c. Where help is asked for, it is given, and the error is flag.ErrHelp.
func (c *cli) flags(fs *flag.FlagSet, args []string, operands int) ([]string, error) {
	fs.SetOutput(io.Discard) // what is wrong is said once, by run
	fs.StringVar(&c.config, "c", c.config, c.tr("配置 `文件`", "configuration `file`"))
	var rest []string
	for {
		if err := fs.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				c.explain(fs)
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
		return nil, fmt.Errorf(c.tr("%w: 选项以外要写 %d 项，写了 %d 项", "%w: %d operands expected, %d given"), errUsage, operands, len(rest))
	}
	return rest, nil
}

// explain writes what a command does and every flag of it.
func (c *cli) explain(fs *flag.FlagSet) {
	for _, cmd := range commands() {
		if cmd.name == fs.Name() {
			fmt.Fprintf(c.out, "%s\n    %s\n\n", strings.TrimSpace("huiyin "+cmd.name+" "+cmd.args), c.tr(cmd.zh, cmd.help))
		}
	}
	fs.SetOutput(c.out)
	fs.PrintDefaults()
}

// newFlags returns an empty flag set for a command.
func newFlags(name string) *flag.FlagSet { return flag.NewFlagSet(name, flag.ContinueOnError) }
