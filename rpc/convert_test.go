package rpc

import (
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"regexp"
	"syscall"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// filled is a value no field of which, however deep, is its zero value: what is forgotten on the way is seen.
func filled[T any](t *testing.T) T {
	t.Helper()
	var value T
	fill(t, reflect.ValueOf(&value).Elem(), 1)
	return value
}

func fill(t *testing.T, v reflect.Value, n int) {
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(time.Unix(1_700_000_000+int64(n), 123_456_789).UTC()))
		return
	case netip.Addr:
		v.Set(reflect.ValueOf(netip.AddrFrom4([4]byte{10, 0, 0, byte(n)})))
		return
	case netip.AddrPort:
		v.Set(reflect.ValueOf(netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 1, byte(n)}), 80)))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i), n*7+i)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(t, v.Index(0), n+1)
		fill(t, v.Index(1), n+2)
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(t, key, n+1)
		fill(t, value, n+2)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.String:
		v.SetString(fmt.Sprint("text ", n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(n))
	case reflect.Uint64:
		v.SetUint(uint64(n))
	case reflect.Float64:
		v.SetFloat(float64(n) / 4)
	default:
		t.Fatalf("a %s has to be filled", v.Type())
	}
}

// sent holds what goes out against what comes in.
func sent[T, Message any](t *testing.T, from func(T) Message, to func(Message) (T, error)) {
	t.Helper()
	for _, value := range []T{filled[T](t), *new(T)} {
		arrived, err := to(from(value))
		if err != nil {
			t.Errorf("%T: %v", value, err)
		}
		if !reflect.DeepEqual(arrived, value) {
			t.Errorf("sent\n%+v\narrived\n%+v", value, arrived)
		}
	}
}

func sure[T, Message any](to func(Message) T) func(Message) (T, error) {
	return func(message Message) (T, error) { return to(message), nil }
}

// TestNothingIsLostOnTheWay sends every type with all its fields.
func TestNothingIsLostOnTheWay(t *testing.T) {
	sent(t, fromSpec, sure(toSpec))
	sent(t, fromContainer, sure(toContainer))
	sent(t, fromProbe, sure(toProbe))
	sent(t, fromReadiness, toReadiness)
	sent(t, fromEnding, sure(toEnding))
	sent(t, fromSize, sure(toSize))
	sent(t, fromLine, sure(toLine))
	sent(t, fromStatistics, sure(toStatistics))
	sent(t, fromUse, sure(toUse))
	check := filled[paas.Check](t)
	if arrived := toCheck(fromCheck(check)); !reflect.DeepEqual(arrived, check) {
		t.Errorf("sent\n%+v\narrived\n%+v", check, arrived)
	}
	if toCheck(fromCheck(paas.Check{})).Findings == nil {
		t.Error("no findings are an empty list, as people's programs read it")
	}
}

// TestRulesAndStepsTravel sends every rule and step there is.
func TestRulesAndStepsTravel(t *testing.T) {
	network := netip.MustParsePrefix("10.0.0.0/8")
	neighbour := paas.Neighbour{
		Name: "whoami", Priority: 7, Plain: true, Secure: true, Scheme: "http", KeepHost: true, Targets: []netip.AddrPort{netip.MustParseAddrPort("10.0.0.2:80")},
		Rule: paas.AllOf{
			paas.AnyOf{paas.HostIs("a.example.com"), paas.HostLike{Pattern: regexp.MustCompile(`^b\d\.example\.com$`)}},
			paas.Not{Rule: paas.PathIs("/private")}, paas.PathBelow("/api"), paas.PathLike{Pattern: regexp.MustCompile(`^/v\d`)},
			paas.MethodIs("GET"), paas.HeaderIs{Name: "X-A", Value: "b"}, paas.QueryIs{Name: "q", Value: "1"}, paas.ClientIn(network),
		},
	}
	for i := range reflect.TypeFor[paas.Step]().NumField() {
		var step paas.Step
		field := reflect.ValueOf(&step).Elem().Field(i)
		switch field.Kind() {
		case reflect.Pointer:
			field.Set(reflect.New(field.Type().Elem()))
			fill(t, field.Elem(), i+1)
		case reflect.Slice:
			if field.Type() == reflect.TypeFor[[]netip.Prefix]() {
				field.Set(reflect.ValueOf([]netip.Prefix{network}))
				break
			}
			fill(t, field, i+1)
		default:
			fill(t, field, i+1)
		}
		neighbour.Steps = append(neighbour.Steps, step)
	}
	message, err := fromNeighbour(neighbour)
	if err != nil {
		t.Fatal(err)
	}
	arrived, err := toNeighbour(message)
	if err != nil || !reflect.DeepEqual(arrived, neighbour) {
		t.Errorf("sent\n%+v\narrived\n%+v, %v", neighbour, arrived, err)
	}
	if _, err := fromNeighbour(paas.Neighbour{}); err == nil {
		t.Error("a rule that is none travels")
	}
	if _, err := toNeighbour(nil); err == nil {
		t.Error("a rule that is none arrives")
	}
	closed, err := fromStep(paas.Step{Allow: []netip.Prefix{}})
	if err != nil {
		t.Fatal(err)
	}
	if step, err := toStep(closed); err != nil || step.Allow == nil {
		t.Errorf("whom nobody is allowed is open to all: %v, %v", step, err)
	}
}

// TestErrorsTravelWhole sends errors: people and the log read the same as from one process.
func TestErrorsTravelWhole(t *testing.T) {
	c := &connection{module: Deployer, address: "127.0.0.1:1"}
	public := &paas.Error{Kind: paas.TooMany, Code: paas.EQuotaDisk, Message: "The disk is yours no more.", RetryAfter: time.Minute, Details: []paas.Detail{{Field: "size", Message: "is too large"}}}
	for kind := paas.Internal; kind <= paas.Canceled; kind++ {
		sent := *public
		sent.Kind = kind
		if arrived := c.fromStatus(t.Context(), toStatus(&sent)); !reflect.DeepEqual(arrived, error(&sent)) {
			t.Errorf("sent %#v, arrived %#v", &sent, arrived)
		}
	}
	wrapped := fmt.Errorf("start web.1: %w", public.Because(fmt.Errorf("docker says no: %w", syscall.ENOSPC)))
	arrived := c.fromStatus(t.Context(), toStatus(wrapped))
	if e, is := errors.AsType[*paas.Error](arrived); !is || e.Message != public.Message || e.Cause.Error() != wrapped.Error() || !errors.Is(arrived, syscall.ENOSPC) {
		t.Errorf("arrived %v", arrived)
	}
	plain := c.fromStatus(t.Context(), toStatus(errors.New("the network 10.0.0.0 is gone \xff")))
	if plain.Error() != "the network 10.0.0.0 is gone �" || !paas.IsKind(paas.Public(plain), paas.Internal) || paas.Public(plain).Message == plain.Error() {
		t.Errorf("arrived %v", plain)
	}
	if full := paas.Public(c.fromStatus(t.Context(), toStatus(fmt.Errorf("write: %w", syscall.EDQUOT)))); full.Kind != paas.Unavailable {
		t.Errorf("a full disk arrives as %v", full)
	}
	if c.fromStatus(t.Context(), toStatus(nil)) != nil {
		t.Error("nothing became an error")
	}
}
