package rpc

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/rpc/contracts/paastechv1"
)

var errUnknown = errors.New("something that this version does not know")

func fromNeighbour(n paas.Neighbour) (*paastechv1.Neighbour, error) {
	rule, err := fromRule(n.Rule)
	if err != nil {
		return nil, err
	}
	steps, err := eachRead(n.Steps, fromStep)
	return &paastechv1.Neighbour{
		Name: n.Name, Rule: rule, Priority: int32(n.Priority), Plain: n.Plain, Secure: n.Secure, Steps: steps, Scheme: n.Scheme,
		Targets: each(n.Targets, netip.AddrPort.String), KeepHost: n.KeepHost,
	}, err
}

func toNeighbour(n *paastechv1.Neighbour) (paas.Neighbour, error) {
	rule, err := toRule(n.GetRule())
	if err != nil {
		return paas.Neighbour{}, err
	}
	steps, err := eachRead(n.GetSteps(), toStep)
	if err != nil {
		return paas.Neighbour{}, err
	}
	targets, err := eachRead(n.GetTargets(), netip.ParseAddrPort)
	return paas.Neighbour{
		Name: n.GetName(), Rule: rule, Priority: int(n.GetPriority()), Plain: n.GetPlain(), Secure: n.GetSecure(), Steps: steps, Scheme: n.GetScheme(),
		Targets: targets, KeepHost: n.GetKeepHost(),
	}, err
}

func fromRule(rule paas.Rule) (*paastechv1.Rule, error) {
	to := &paastechv1.Rule{}
	switch rule := rule.(type) {
	case paas.AllOf:
		rules, err := eachRead(rule, fromRule)
		to.Kind = &paastechv1.Rule_AllOf{AllOf: &paastechv1.Rules{Rules: rules}}
		return to, err
	case paas.AnyOf:
		rules, err := eachRead(rule, fromRule)
		to.Kind = &paastechv1.Rule_AnyOf{AnyOf: &paastechv1.Rules{Rules: rules}}
		return to, err
	case paas.Not:
		other, err := fromRule(rule.Rule)
		to.Kind = &paastechv1.Rule_Not{Not: other}
		return to, err
	case paas.HostIs:
		to.Kind = &paastechv1.Rule_HostIs{HostIs: string(rule)}
	case paas.HostLike:
		to.Kind = &paastechv1.Rule_HostLike{HostLike: rule.Pattern.String()}
	case paas.PathIs:
		to.Kind = &paastechv1.Rule_PathIs{PathIs: string(rule)}
	case paas.PathBelow:
		to.Kind = &paastechv1.Rule_PathBelow{PathBelow: string(rule)}
	case paas.PathLike:
		to.Kind = &paastechv1.Rule_PathLike{PathLike: rule.Pattern.String()}
	case paas.MethodIs:
		to.Kind = &paastechv1.Rule_MethodIs{MethodIs: string(rule)}
	case paas.HeaderIs:
		to.Kind = &paastechv1.Rule_HeaderIs{HeaderIs: &paastechv1.Field{Name: rule.Name, Value: rule.Value}}
	case paas.QueryIs:
		to.Kind = &paastechv1.Rule_QueryIs{QueryIs: &paastechv1.Field{Name: rule.Name, Value: rule.Value}}
	case paas.ClientIn:
		to.Kind = &paastechv1.Rule_ClientIn{ClientIn: netip.Prefix(rule).String()}
	default:
		return nil, fmt.Errorf("rule %T: %w", rule, errUnknown)
	}
	return to, nil
}

func toRule(rule *paastechv1.Rule) (paas.Rule, error) {
	switch kind := rule.GetKind().(type) {
	case *paastechv1.Rule_AllOf:
		rules, err := eachRead(kind.AllOf.GetRules(), toRule)
		return paas.AllOf(rules), err
	case *paastechv1.Rule_AnyOf:
		rules, err := eachRead(kind.AnyOf.GetRules(), toRule)
		return paas.AnyOf(rules), err
	case *paastechv1.Rule_Not:
		other, err := toRule(kind.Not)
		return paas.Not{Rule: other}, err
	case *paastechv1.Rule_HostIs:
		return paas.HostIs(kind.HostIs), nil
	case *paastechv1.Rule_HostLike:
		pattern, err := regexp.Compile(kind.HostLike)
		return paas.HostLike{Pattern: pattern}, err
	case *paastechv1.Rule_PathIs:
		return paas.PathIs(kind.PathIs), nil
	case *paastechv1.Rule_PathBelow:
		return paas.PathBelow(kind.PathBelow), nil
	case *paastechv1.Rule_PathLike:
		pattern, err := regexp.Compile(kind.PathLike)
		return paas.PathLike{Pattern: pattern}, err
	case *paastechv1.Rule_MethodIs:
		return paas.MethodIs(kind.MethodIs), nil
	case *paastechv1.Rule_HeaderIs:
		return paas.HeaderIs{Name: kind.HeaderIs.GetName(), Value: kind.HeaderIs.GetValue()}, nil
	case *paastechv1.Rule_QueryIs:
		return paas.QueryIs{Name: kind.QueryIs.GetName(), Value: kind.QueryIs.GetValue()}, nil
	case *paastechv1.Rule_ClientIn:
		network, err := netip.ParsePrefix(kind.ClientIn)
		return paas.ClientIn(network), err
	}
	return nil, fmt.Errorf("rule: %w", errUnknown)
}

func fromStep(step paas.Step) (*paastechv1.Step, error) {
	to := &paastechv1.Step{}
	switch {
	case step.Redirect != nil:
		r := step.Redirect
		to.Kind = &paastechv1.Step_Redirect{Redirect: &paastechv1.Redirect{Scheme: r.Scheme, Port: r.Port, Pattern: r.Pattern, Replacement: r.Replacement, Permanent: r.Permanent}}
	case step.Headers != nil:
		h := step.Headers
		to.Kind = &paastechv1.Step_Headers{Headers: &paastechv1.Headers{Request: h.Request, Response: h.Response, Strict: duration(h.Strict), Domains: h.Domains, Preload: h.Preload}}
	case step.BasicAuth != nil:
		b := step.BasicAuth
		to.Kind = &paastechv1.Step_BasicAuth{BasicAuth: &paastechv1.BasicAuth{Users: each(b.Users, paas.Secret.Reveal), Realm: b.Realm, Hide: b.Hide}}
	case step.RateLimit != nil:
		l := step.RateLimit
		to.Kind = &paastechv1.Step_RateLimit{RateLimit: &paastechv1.RateLimit{Average: int32(l.Average), Period: duration(l.Period), Burst: int32(l.Burst)}}
	case step.Allow != nil:
		to.Kind = &paastechv1.Step_Allow{Allow: &paastechv1.Texts{Texts: each(step.Allow, netip.Prefix.String)}}
	case step.Compress:
		to.Kind = &paastechv1.Step_Compress{Compress: true}
	case step.StripPrefix != nil:
		to.Kind = &paastechv1.Step_StripPrefix{StripPrefix: &paastechv1.Texts{Texts: step.StripPrefix}}
	case step.AddPrefix != "":
		to.Kind = &paastechv1.Step_AddPrefix{AddPrefix: step.AddPrefix}
	default:
		return nil, fmt.Errorf("step: %w", errUnknown)
	}
	return to, nil
}

func toStep(step *paastechv1.Step) (paas.Step, error) {
	switch kind := step.GetKind().(type) {
	case *paastechv1.Step_Redirect:
		r := kind.Redirect
		return paas.Step{Redirect: &paas.Redirect{Scheme: r.GetScheme(), Port: r.GetPort(), Pattern: r.GetPattern(), Replacement: r.GetReplacement(), Permanent: r.GetPermanent()}}, nil
	case *paastechv1.Step_Headers:
		h := kind.Headers
		return paas.Step{Headers: &paas.Headers{Request: h.GetRequest(), Response: h.GetResponse(), Strict: h.GetStrict().AsDuration(), Domains: h.GetDomains(), Preload: h.GetPreload()}}, nil
	case *paastechv1.Step_BasicAuth:
		b := kind.BasicAuth
		return paas.Step{BasicAuth: &paas.BasicAuth{Users: each(b.GetUsers(), as[paas.Secret]), Realm: b.GetRealm(), Hide: b.GetHide()}}, nil
	case *paastechv1.Step_RateLimit:
		l := kind.RateLimit
		return paas.Step{RateLimit: &paas.RateLimit{Average: int(l.GetAverage()), Period: l.GetPeriod().AsDuration(), Burst: int(l.GetBurst())}}, nil
	case *paastechv1.Step_Allow:
		networks, err := eachRead(kind.Allow.GetTexts(), netip.ParsePrefix)
		if networks == nil {
			networks = []netip.Prefix{} // nobody, which is not everybody
		}
		return paas.Step{Allow: networks}, err
	case *paastechv1.Step_Compress:
		return paas.Step{Compress: true}, nil
	case *paastechv1.Step_StripPrefix:
		return paas.Step{StripPrefix: kind.StripPrefix.GetTexts()}, nil
	case *paastechv1.Step_AddPrefix:
		return paas.Step{AddPrefix: kind.AddPrefix}, nil
	}
	return paas.Step{}, fmt.Errorf("step: %w", errUnknown)
}
