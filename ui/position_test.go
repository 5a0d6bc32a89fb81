package ui

import (
	"strings"
	"testing"
	"time"
)

func TestLinesOfOneNanosecondHaveNamesOfTheirOwn(t *testing.T) {
	at := time.Unix(0, 1769860800000000001)
	var whole, part naming
	var names []string
	for _, moment := range []time.Time{at, at.Add(1), at, at.Add(1), at.Add(2), {}} {
		names = append(names, whole.name(moment))
	}
	if got := strings.Join(names, " "); got != "L1769860800000000001-0 L1769860800000000002-0 L1769860800000000001-1 L1769860800000000002-1 L1769860800000000003-0 L0-0" {
		t.Error(got)
	}
	if name := part.name(at.Add(2)); name != names[4] {
		t.Errorf("read from there it is %s", name)
	}
	if back, known := momentOf(names[3]); !known || !back.Equal(at.Add(1)) {
		t.Errorf("%s is at %s", names[3], back)
	}
}

func TestTopics(t *testing.T) {
	const id = "11111111-1111-4111-8111-111111111111"
	for text, want := range map[string]string{
		"project/" + id: "project", "logs/" + id: "logs", "build/" + id + "/12": "build",
		"logs/" + id + "?after=L5-0": "logs",
		"logs/" + id + "?deployment=3&grep=a%26after%3DL1-0&process=web.1&after=L5-1": "logs",
		"build/" + id + "/12?after=B7": "build",

		"": "", "logs": "", "logs/" + id + "/1": "", "project/" + id + "?after=L1-0": "", "build/" + id: "", "build/" + id + "/x": "", "build/" + id + "/0": "",
		"logs/" + id + "?after=": "logs", "logs/" + id + "?after=B1": "", "logs/" + id + "?after=L99999999999999999999-0": "", "logs/" + id + "?after=L9223372036854775807-0": "",
		"build/" + id + "/1?after=L1-0": "", "logs/" + id + "?process=%00": "", "logs/" + id + "?deployment=-1": "", "logs/" + id + "?%zz": "", "secrets/" + id: "",
	} {
		topic, err := parseTopic(text)
		if (err == nil) != (want != "") || err == nil && (topic.kind != want || topic.project != id) {
			t.Errorf("%q: %+v, %v", text, topic, err)
		}
	}
	topic, err := parseTopic("logs/" + id + "?deployment=3&grep=a%26after%3DL1-0&process=web.1&after=L20000000000-1")
	if err != nil || topic.query.Grep != "a&after=L1-0" || topic.query.Deployment != 3 || topic.query.Process != "web.1" || !topic.query.Since.Equal(time.Unix(10, 0)) {
		t.Errorf("%+v, %v", topic, err)
	}
	if name := logsTopic(id, topic.query); name != topic.name {
		t.Errorf("%q is called %q", topic.name, name)
	}
}
