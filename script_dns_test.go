package main

import (
	"encoding/json"
	"net"
	"strings"
	"sync"

	"github.com/miekg/dns"
	"github.com/rogpeppe/go-internal/testscript"
)

// scriptDNS is the DNS of a script: it knows what the script tells it.
type scriptDNS struct {
	mu      sync.Mutex
	records map[string][]string // guarded by mu; lines of a zone file by name
}

type dnsKey struct{}

// cmdDNS starts it, and has its address in $DNS.
func cmdDNS(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: dns")
	}
	packets, err := net.ListenPacket("udp", "127.0.0.1:0")
	ts.Check(err)
	zone := ts.Value(dnsKey{}).(*scriptDNS)
	streams, err := net.Listen("tcp", packets.LocalAddr().String()) // a CA asks this way
	ts.Check(err)
	for _, server := range []*dns.Server{{PacketConn: packets}, {Listener: streams}} {
		server.Handler = dns.HandlerFunc(zone.answer)
		go func() { _ = server.ActivateAndServe() }()
		ts.Defer(func() { _ = server.Shutdown() })
	}
	ts.Setenv("DNS", packets.LocalAddr().String())
}

func (z *scriptDNS) answer(w dns.ResponseWriter, question *dns.Msg) {
	reply := new(dns.Msg).SetReply(question)
	z.mu.Lock()
	lines := z.records[strings.ToLower(question.Question[0].Name)]
	z.mu.Unlock()
	if len(lines) == 0 {
		reply.Rcode = dns.RcodeNameError
	}
	for _, line := range lines {
		record, err := dns.NewRR(line)
		if err == nil && record.Header().Rrtype == question.Question[0].Qtype {
			reply.Answer = append(reply.Answer, record)
		}
	}
	_ = w.WriteMsg(reply)
}

func (z *scriptDNS) add(name, kind, value string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	name = dns.Fqdn(name)
	z.records[name] = append(z.records[name], name+" 1 IN "+kind+" "+value)
}

// cmdLead has a name lead to an address: `lead NAME ADDRESS`.
func cmdLead(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: lead NAME ADDRESS")
	}
	ts.Value(dnsKey{}).(*scriptDNS).add(args[0], "A", args[1])
}

// cmdRecord sets the TXT record of that name which the last command, `paastech domains --json`, wants.
func cmdRecord(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: record NAME, after paastech domains --json")
	}
	var domains []struct {
		Records []struct{ Type, Name, Value string }
	}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &domains))
	for _, domain := range domains {
		for _, record := range domain.Records {
			if record.Type == "TXT" && record.Name == args[0] {
				ts.Value(dnsKey{}).(*scriptDNS).add(record.Name, "TXT", `"`+record.Value+`"`)
				return
			}
		}
	}
	ts.Fatalf("no domain wants a TXT record %s", args[0])
}
