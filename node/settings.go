package node

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Settings returns every setting that has a value, by its name in a file, as it
// would be written there. It holds no secret: of keys it says that they are set.
func (c Config) Settings() map[string]string {
	out := map[string]string{}
	settings(reflect.ValueOf(c), "", out)
	for _, secret := range []string{"gossip_key", "bootstrap_key"} {
		if out[secret] != "" {
			out[secret] = "is set"
		}
	}
	return out
}

// Given returns the settings that are not their defaults, one after the other:
// name=value.
func (c Config) Given() string {
	known, all := DefaultConfig().Settings(), c.Settings()
	var words []string
	for name, value := range all {
		// What the log's other words say.
		if known[name] != value && !slices.Contains([]string{"node_id", "cluster_id", "data_dir"}, name) {
			words = append(words, name+"="+value)
		}
	}
	slices.Sort(words)
	return strings.Join(words, " ")
}

func settings(v reflect.Value, prefix string, out map[string]string) {
	for i := range v.NumField() {
		field, name := v.Field(i), prefix+v.Type().Field(i).Tag.Get("koanf")
		switch value := field.Interface().(type) {
		case time.Duration:
			out[name] = value.String()
			continue
		case []InitialMember:
			var members []string
			for _, m := range value {
				members = append(members, m.ID+"="+m.PeerAddress)
			}
			put(out, name, strings.Join(members, ","))
			continue
		case []string:
			put(out, name, strings.Join(value, ","))
			continue
		}
		if field.Kind() == reflect.Struct {
			settings(field, name+".", out)
			continue
		}
		put(out, name, fmt.Sprint(field.Interface()))
	}
}

func put(out map[string]string, name, value string) {
	if value != "" {
		out[name] = value
	}
}
