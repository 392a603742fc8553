package chaos_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/chaos/internal/netns"
	"github.com/rialto-exchange/rialto/chaos/internal/undo"
)

// machines are what an operator has: hosts with folders and addresses of their
// own, systemd on each, and a desk from which they are reached by ssh and scp. As
// root they are namespaces, in which every path and user is what a page says;
// elsewhere folders and loopback addresses, whose names are put into what is typed.
type machines struct {
	t      *testing.T
	dir    string
	binary string
	net    *netns.Net // nil: loopback
	all    map[string]*machine
}

// machine is one of them.
type machine struct {
	of      *machines
	name    string
	address string
	dir     string   // what it shares with the test
	inside  []string // the command that enters it, with room for more words
	env     []string
	journal shownText  // what was shown by all that was started
	unit    *running   // rialto.service
	screen  *running   // what was left running in a terminal
	mu      sync.Mutex // systemctl, one at a time
}

// desk is the machine from which the others are looked after.
const desk = "desk"

func newMachines(t *testing.T, names ...string) *machines {
	t.Helper()
	m := &machines{t: t, dir: t.TempDir(), binary: buildRialto(t), all: map[string]*machine{}}
	if err := errors.Join(os.Chmod(filepath.Dir(m.dir), 0o755), os.Chmod(m.dir, 0o755)); err != nil { //nolint:gosec // the machines' user goes through
		t.Fatal(err)
	}
	m.network(len(names))
	m.tools()
	for i, name := range names {
		m.all[name] = m.boot(i, name)
	}
	return m
}

// network makes hosts where that can be done.
func (m *machines) network(hosts int) {
	journal, err := undo.Open(filepath.Join(m.dir, "undo"))
	if err != nil {
		m.t.Fatal(err)
	}
	n, err := netns.New(journal, hosts)
	if err != nil {
		m.t.Logf("on loopback addresses: %v", err)
		return
	}
	m.net = n
	m.t.Cleanup(func() {
		if err := n.Close(); err != nil {
			m.t.Error(err)
		}
	})
}

// address is where the machine is that a page has at 10.0.0.n.
func (m *machines) address(n int) string {
	if m.net != nil {
		return m.net.Address(n - 1)
	}
	return fmt.Sprintf("127.%d.%d.%d", 1+os.Getpid()/250%250, 1+os.Getpid()%250, n)
}

// asks is a tool that has the test do what it is for: systemctl, ssh, scp.
const asks = `#!/bin/sh
printf '%s\0' "$PWD" "$@" > "$MACHINE/args.$$"
echo "$(basename "$0") $$" > "$MACHINE/ask"
read -r status < "$MACHINE/answer"
cat "$MACHINE/out.$$"
rm -f "$MACHINE/args.$$" "$MACHINE/out.$$"
exit "$status"
`

// tools puts what no test can have, and what only root may do, before what the
// machine has.
func (m *machines) tools() {
	tools := map[string]string{"systemctl": asks, "ssh": asks, "scp": asks, "sudo": "#!/bin/sh\nshift 2\nexec \"$@\"\n"}
	if m.net != nil {
		tools["sudo"] = "#!/bin/sh\nuser=$2\nshift 2\nexec setpriv --reuid \"$user\" --regid \"$user\" --init-groups \"$@\"\n"
	} else {
		tools["useradd"], tools["chown"] = "#!/bin/sh\n", "#!/bin/sh\n"
		tools["install"] = "#!/bin/sh\nshift 6\nexec mkdir -p \"$2\" \"$3\"\n" // install -d -o rialto -g rialto -m 750
	}
	dir := filepath.Join(m.dir, "tools")
	if err := os.Mkdir(dir, 0o755); err != nil { //nolint:gosec // the machines' user goes through
		m.t.Fatal(err)
	}
	for name, text := range tools {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil { //nolint:gosec // they are run
			m.t.Fatal(err)
		}
	}
}

// own are the folders that a machine has for itself.
const own = `set -e
mount -t tmpfs tmpfs /mnt
mkdir /mnt/etc /mnt/work /mnt/lib /mnt/bin /mnt/root
mount -t overlay overlay -o lowerdir=/etc,upperdir=/mnt/etc,workdir=/mnt/work /etc
mkdir -p /etc/systemd/system
cp %s /mnt/bin/rialto
mount --bind /mnt/bin /usr/local/bin
mount --bind /mnt/lib /var/lib
mount --bind /mnt/root /root
echo ready
exec cat`

func (m *machines) boot(i int, name string) *machine {
	h := &machine{of: m, name: name, address: m.address(i + 1), dir: filepath.Join(m.dir, name)}
	home := "/root"
	path := "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	if m.net == nil {
		home, path = filepath.Join(h.dir, "root"), filepath.Join(h.dir, "usr/local/bin")+":"+os.Getenv("PATH")
	}
	for _, dir := range []string{h.dir, h.path("/root"), h.path("/usr/local/bin"), h.path("/etc/systemd/system")} {
		if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // the machines' user goes through
			m.t.Fatal(err)
		}
	}
	h.env = []string{"HOME=" + home, "MACHINE=" + h.dir, "PATH=" + filepath.Join(m.dir, "tools") + ":" + path, "TERM=dumb"}
	for _, pipe := range []string{"ask", "answer"} {
		if err := syscall.Mkfifo(filepath.Join(h.dir, pipe), 0o600); err != nil {
			m.t.Fatal(err)
		}
	}
	if m.net == nil {
		h.alone()
	} else {
		h.enter(i)
	}
	h.serveAsks()
	m.t.Cleanup(h.off)
	return h
}

// alone makes a machine of a folder; what the page has on loopback is somewhere
// else, because all of them are on this one.
func (h *machine) alone() {
	if err := os.Symlink(h.of.binary, filepath.Join(h.dir, "usr/local/bin/rialto")); err != nil {
		h.of.t.Fatal(err)
	}
	if h.name == desk {
		for setting, port := range map[string]string{"HTTP": "8080", "FIX": "9880", "PEER": "7080", "GOSSIP": "7946"} {
			h.env = append(h.env, "RIALTO_"+setting+"_ADDRESS="+net.JoinHostPort(h.address, port))
		}
	}
}

// enter makes a machine of namespaces, which are gone when its first process is.
func (h *machine) enter(i int) {
	t := h.of.t
	boot := exec.Command("ip", "netns", "exec", h.of.net.Name(i), "unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--mount-proc",
		"sh", "-c", fmt.Sprintf(own, h.of.binary))
	boot.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var trouble bytes.Buffer
	boot.Stderr = &trouble
	in, err := boot.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := boot.StdoutPipe()
	if err == nil {
		err = boot.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatalf("%s does not boot: %q %v: %s", h.name, line, err, trouble.String())
	}
	first, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", boot.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = boot.Wait()
	})
	h.inside = []string{"nsenter", "-t", strings.TrimSpace(string(first)), "-m", "-n", "-p"}
}

// path is where a file of the machine's is, as the machine sees it.
func (h *machine) path(p string) string {
	if h.of.net != nil {
		return p
	}
	return filepath.Join(h.dir, p)
}

// typed is a text of the page as it is typed on this machine: addresses are those
// of here, as the page says, and on loopback the folders as well.
func (h *machine) typed(text string) string {
	text = strings.ReplaceAll(text, "10.0.0.", strings.TrimSuffix(h.of.address(0), "0"))
	if h.of.net != nil {
		return text
	}
	if h.name == desk {
		return strings.ReplaceAll(text, "http://127.0.0.1:8080", "http://"+h.address+":8080")
	}
	for _, folder := range []string{"/etc/rialto", "/etc/systemd", "/var/lib/rialto", "/usr/local/bin"} {
		text = strings.ReplaceAll(text, folder, h.path(folder))
	}
	return text
}

// command is a script as it runs on the machine.
func (h *machine) command(ctx context.Context, folder, script string, environment ...string) *exec.Cmd {
	words := append(append([]string{}, h.inside...), "sh", "-ec", "cd "+folder+"\n"+script)
	c := exec.CommandContext(ctx, words[0], words[1:]...)
	c.Env = append(append([]string{}, h.env...), environment...)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	return c
}

// run does what is typed, and says what was shown; a failure is the test's.
func (h *machine) run(script string) string {
	h.of.t.Helper()
	ctx, cancel := context.WithTimeout(h.of.t.Context(), pagePatience)
	defer cancel()
	out, err := h.command(ctx, h.path("/root"), h.typed(script)).CombinedOutput()
	if err != nil {
		h.of.t.Fatalf("on %s: %v\n%s\n%s", h.name, err, script, out)
	}
	return string(out)
}

// pagePatience is how long a block of a page may take on a machine that others
// use too.
const pagePatience = 10 * time.Minute

// running is a process that goes on.
type running struct {
	cmd   *exec.Cmd
	shown *shownText
	ended chan struct{}
}

type shownText struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *shownText) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *shownText) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// start has a script go on, and takes down what it shows.
func (h *machine) start(shown *shownText, script string, environment ...string) (*running, error) {
	r := &running{cmd: h.command(context.WithoutCancel(h.of.t.Context()), h.path("/root"), script, environment...), shown: shown, ended: make(chan struct{})}
	r.cmd.Stdout, r.cmd.Stderr = shown, shown
	if err := r.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = r.cmd.Wait() // of what was shown the test makes what it needs
		close(r.ended)
	}()
	return r, nil
}

// end sends a signal to all of it and waits until the last has ended.
func (r *running) end(how syscall.Signal) error {
	if r == nil {
		return nil
	}
	_ = syscall.Kill(-r.cmd.Process.Pid, how)
	select {
	case <-r.ended:
		return nil
	case <-time.After(pagePatience):
		return fmt.Errorf("it does not end: %s", r.shown.String())
	}
}

// leave does what is typed and leaves the last of it running in the terminal.
func (h *machine) leave(script string) {
	r, err := h.start(&h.journal, h.typed(script))
	if err != nil {
		h.of.t.Fatal(err)
	}
	h.screen = r
}

// interrupt is Ctrl-C at the machine's terminal, if something runs there.
func (h *machine) interrupt() {
	if err := h.screen.end(syscall.SIGINT); err != nil {
		h.of.t.Fatalf("%s: %v", h.name, err)
	}
	h.screen = nil
}

// off is the machine without power.
func (h *machine) off() {
	if h.of.t.Failed() {
		h.of.t.Logf("what %s's nodes said:\n%s", h.name, h.journal.String())
	}
	_, _ = h.unit.end(syscall.SIGKILL), h.screen.end(syscall.SIGKILL)
}

// serveAsks answers the machine's tools.
func (h *machine) serveAsks() {
	var pipes [2]*os.File
	for i, name := range []string{"ask", "answer"} {
		f, err := os.OpenFile(filepath.Join(h.dir, name), os.O_RDWR, 0)
		if err != nil {
			h.of.t.Fatal(err)
		}
		h.of.t.Cleanup(func() { _ = f.Close() })
		pipes[i] = f
	}
	go func() {
		lines := bufio.NewScanner(pipes[0])
		for lines.Scan() {
			var tool, call string
			_, _ = fmt.Sscan(lines.Text(), &tool, &call)
			status, shown := h.ask(tool, call)
			_ = os.WriteFile(filepath.Join(h.dir, "out."+call), []byte(shown), 0o600)
			_, _ = fmt.Fprintln(pipes[1], status)
		}
	}()
}

// ask is one call of a tool: its exit status, and what it shows.
func (h *machine) ask(tool, call string) (status int, shown string) {
	b, err := os.ReadFile(filepath.Join(h.dir, "args."+call))
	words := strings.Split(strings.TrimSuffix(string(b), "\x00"), "\x00")
	if err != nil || len(words) < 2 {
		return 1, fmt.Sprintf("%s: %q %v\n", tool, words, err)
	}
	switch tool {
	case "systemctl":
		err = h.systemctl(words[1], words[len(words)-1])
	case "ssh":
		shown, err = h.of.ssh(words[1], strings.Join(words[2:], " "))
	case "scp":
		err = h.scp(words[0], words[1:len(words)-1], words[len(words)-1])
	}
	if err != nil {
		return 1, fmt.Sprintf("%s%s: %v\n", shown, tool, err)
	}
	return 0, shown
}

// at finds the machine that root@address names.
func (m *machines) at(who string) (*machine, error) {
	for _, h := range m.all {
		if who == "root@"+h.address {
			return h, nil
		}
	}
	return nil, fmt.Errorf("no machine %s", who)
}

func (m *machines) ssh(who, script string) (string, error) {
	h, err := m.at(who)
	if err != nil {
		return "", err
	}
	out, err := h.command(m.t.Context(), h.path("/root"), h.typed(script)).CombinedOutput()
	return string(out), err
}

// scp copies files between machines, as scp does: the mode is that of the source.
func (h *machine) scp(folder string, from []string, to string) error {
	there, target, err := h.place(folder, to)
	if err != nil {
		return err
	}
	for _, name := range from {
		here, source, err := h.place(folder, name)
		if err != nil {
			return err
		}
		read := here.command(h.of.t.Context(), "/", "stat -c %a '"+source+"'; cat '"+source+"'")
		b, err := read.Output()
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		mode, content, _ := strings.Cut(string(b), "\n")
		path := target
		if strings.HasSuffix(to, "/") {
			path = filepath.Join(target, filepath.Base(source))
		}
		if text := filepath.Ext(source); there != here && (text == ".yaml" || text == ".service") {
			content = there.typed(content)
		}
		write := there.command(h.of.t.Context(), "/", "umask 077; cat > '"+path+"'; chmod "+mode+" '"+path+"'")
		write.Stdin = strings.NewReader(content)
		if out, err := write.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", path, err, out)
		}
	}
	return nil
}

// place is where a file of scp's is.
func (h *machine) place(folder, name string) (*machine, string, error) {
	if who, path, remote := strings.Cut(name, ":"); remote {
		there, err := h.of.at(who)
		if err != nil {
			return nil, "", err
		}
		return there, there.path(path), nil
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(folder, name)
	}
	return h, name, nil
}

// systemctl is as much of systemd as a page needs: a start returns when the node
// has said that it is ready, a stop when it has ended.
func (h *machine) systemctl(verb, unit string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if verb == "daemon-reload" {
		return nil
	}
	if verb == "stop" || verb == "restart" || verb == "disable" {
		if err := h.unit.end(syscall.SIGTERM); err != nil {
			return err
		}
		if said := h.journal.String(); strings.Count(said, "told: STOPPING=1") != strings.Count(said, "told: READY=1") {
			return errors.New("the node did not say that it stops")
		}
		h.unit = nil
	}
	if h.unit != nil || verb == "stop" || verb == "disable" {
		return nil
	}
	return h.begin(unit)
}

// begin starts what a unit file says and waits for READY=1.
func (h *machine) begin(unit string) error {
	text, err := h.command(h.of.t.Context(), "/", "cat "+h.path("/etc/systemd/system/"+unit+".service")).Output()
	if err != nil {
		return fmt.Errorf("unit %s not found: %w", unit, err)
	}
	_, rest, ok := strings.Cut(string(text), "\nExecStart=")
	command, _, _ := strings.Cut(rest, "\n")
	if !ok || !strings.Contains(string(text), "\nType=notify\n") || !strings.Contains(string(text), "\nUser=rialto\n") {
		return fmt.Errorf("unit %s is none of a node: %s", unit, text)
	}
	socket := filepath.Join(h.dir, "notify")
	_ = os.Remove(socket)
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err == nil {
		err = os.Chmod(socket, 0o777) //nolint:gosec // the node's user writes to it
	}
	if err != nil {
		return err
	}
	r, err := h.start(&h.journal, "exec sudo -u rialto "+command, "NOTIFY_SOCKET="+socket)
	if err != nil {
		return errors.Join(err, conn.Close())
	}
	h.unit = r
	ready := make(chan struct{})
	go r.listen(conn, ready)
	select {
	case <-ready:
		return nil
	case <-r.ended:
		return fmt.Errorf("it has ended: %s", r.shown.String())
	case <-time.After(pagePatience):
		return fmt.Errorf("it is not ready: %s", r.shown.String())
	}
}

// listen takes down what a service tells systemd.
func (r *running) listen(conn io.ReadCloser, ready chan<- struct{}) {
	go func() {
		<-r.ended
		_ = conn.Close()
	}()
	b := make([]byte, 4096)
	for {
		n, err := conn.Read(b)
		if err != nil {
			return
		}
		_, _ = fmt.Fprintf(r.shown, "told: %s\n", b[:n])
		if ready != nil && strings.Contains(string(b[:n]), "READY=1") {
			close(ready)
			ready = nil
		}
	}
}
