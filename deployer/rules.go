package deployer

import (
	"net/netip"

	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// A match or a verdict is a few expressions of nftables; a rule is matches and then one verdict.
type expressions = []expr.Any

// rule joins matches and a verdict.
func rule(parts ...expressions) expressions {
	var joined expressions
	for _, part := range parts {
		joined = append(joined, part...)
	}
	return joined
}

func accept() expressions { return expressions{&expr.Verdict{Kind: expr.VerdictAccept}} }

func jump(chain string) expressions {
	return expressions{&expr.Verdict{Kind: expr.VerdictJump, Chain: chain}}
}

// refuse answers at once that the way is closed, so that an application fails fast and says why.
func refuse() expressions {
	return expressions{&expr.Reject{Type: unix.NFT_REJECT_ICMPX_UNREACH, Code: unix.NFT_REJECT_ICMPX_ADMIN_PROHIBITED}}
}

// from and to match packets by the first characters of an interface's name.
func from(prefix string) expressions { return deviceBegins(expr.MetaKeyIIFNAME, prefix) }
func to(prefix string) expressions   { return deviceBegins(expr.MetaKeyOIFNAME, prefix) }

func deviceBegins(key expr.MetaKey, prefix string) expressions {
	return expressions{
		&expr.Meta{Key: key, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte(prefix)},
	}
}

// fromDevice matches packets that came in by one interface.
func fromDevice(name string) expressions {
	return expressions{
		&expr.Meta{Key: expr.MetaKeyIIFNAME, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: deviceKey(name)},
	}
}

// deviceKey is an interface's name as the kernel compares it: 16 bytes, filled up with zeros.
func deviceKey(name string) []byte {
	key := make([]byte, unix.IFNAMSIZ)
	copy(key, name)
	return key
}

// replies match what belongs to a connection that was let through.
func replies() expressions {
	return expressions{
		&expr.Ct{Key: expr.CtKeySTATE, Register: 1},
		&expr.Bitwise{
			SourceRegister: 1, DestRegister: 1, Len: 4,
			Mask: binaryutil.NativeEndian.PutUint32(expr.CtStateBitESTABLISHED | expr.CtStateBitRELATED),
			Xor:  binaryutil.NativeEndian.PutUint32(0),
		},
		&expr.Cmp{Op: expr.CmpOpNeq, Register: 1, Data: make([]byte, 4)},
	}
}

// family matches IPv4 (unix.NFPROTO_IPV4) or IPv6 packets.
func family(number byte) expressions {
	return expressions{
		&expr.Meta{Key: expr.MetaKeyNFPROTO, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{number}},
	}
}

// destination matches IPv4 packets to a network.
func destination(network netip.Prefix) expressions {
	mask := netip.PrefixFrom(netip.AddrFrom4([4]byte{255, 255, 255, 255}), network.Bits()).Masked()
	return append(family(unix.NFPROTO_IPV4),
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: 16, Len: 4},
		&expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: 4, Mask: mask.Addr().AsSlice(), Xor: make([]byte, 4)},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: network.Masked().Addr().AsSlice()},
	)
}

// port matches packets of a protocol (unix.IPPROTO_TCP, unix.IPPROTO_UDP) to a port.
func port(protocol byte, number uint16) expressions {
	return expressions{
		&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{protocol}},
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseTransportHeader, Offset: 2, Len: 2},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: binaryutil.BigEndian.PutUint16(number)},
	}
}
