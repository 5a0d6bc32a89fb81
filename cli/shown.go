package cli

import (
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/traefik/paerser/types"

	"github.com/paastech-cloud/paastech/paas"
)

// shown is the configuration as administrators may see it, in the order of the file. Secrets are left out.
func (c Config) shown() []paas.Setting {
	return shownBelow("", reflect.ValueOf(c), reflect.ValueOf(defaults()))
}

func shownBelow(path string, value, usual reflect.Value) []paas.Setting {
	var settings []paas.Setting
	for i := range value.NumField() {
		name := path + keyName(value.Type().Field(i).Name)
		field, otherwise := value.Field(i), usual.Field(i)
		if field.Kind() == reflect.Struct {
			settings = append(settings, shownBelow(name+".", field, otherwise)...)
			continue
		}
		setting := paas.Setting{Name: name, Default: reflect.DeepEqual(field.Interface(), otherwise.Interface()) || field.IsZero() && otherwise.IsZero()}
		setting.Value, setting.Secret = shownValue(name, field.Interface())
		settings = append(settings, setting)
	}
	return settings
}

// shownValue is a value as a person reads it; secret ones have none.
func shownValue(name string, value any) (text string, secret bool) {
	switch value := value.(type) {
	case paas.Secret:
		return "", true
	case map[string]paas.Secret:
		return strings.Join(slices.Sorted(maps.Keys(value)), ", "), len(value) > 0
	case []CertificateFiles:
		var names []string
		for _, one := range value {
			names = append(names, one.Certificate)
		}
		return strings.Join(names, ", "), false
	case types.Duration:
		return paas.Duration(time.Duration(value)).String(), false
	case []string:
		return strings.Join(value, ", "), false
	case map[string]string:
		var pairs []string
		for _, key := range slices.Sorted(maps.Keys(value)) {
			pairs = append(pairs, key+" = "+value[key])
		}
		return strings.Join(pairs, ", "), false
	case string:
		if name == "database.url" {
			return withoutCredentials(value), false
		}
		return value, false
	}
	return fmt.Sprint(value), false
}

// withoutCredentials is a database's address without user, password and options, which can be either.
func withoutCredentials(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return (&url.URL{Scheme: parsed.Scheme, Host: parsed.Host, Path: parsed.Path}).String()
}
