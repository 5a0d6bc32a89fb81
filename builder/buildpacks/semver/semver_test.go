package semver

import "testing"

func TestRangeContains(t *testing.T) {
	tests := []struct {
		text    string
		in, out []string
	}{
		{"20", []string{"20.0.0", "20.19.2"}, []string{"19.9.9", "21.0.0"}},
		{"v20.11.0", []string{"20.11.0"}, []string{"20.11.1"}},
		{"20.x", []string{"20.0.0"}, []string{"21.0.0"}},
		{"20.11.*", []string{"20.11.7"}, []string{"20.12.0"}},
		{"*", []string{"0.0.1", "99.0.0"}, []string{"99.0.0-rc.1"}},
		{"", []string{"18.0.0"}, nil},
		{"^20.1", []string{"20.1.0", "20.99.0"}, []string{"20.0.9", "21.0.0"}},
		{"^0.2.3", []string{"0.2.4"}, []string{"0.3.0"}},
		{"^0.0.3", []string{"0.0.3"}, []string{"0.0.4"}},
		{"~20.1.2", []string{"20.1.9"}, []string{"20.2.0", "20.1.1"}},
		{"~20", []string{"20.9.0"}, []string{"21.0.0"}},
		{">=18", []string{"18.0.0", "26.0.0"}, []string{"17.9.0"}},
		{">= 18 < 21", []string{"20.0.0"}, []string{"21.0.0", "17.0.0"}},
		{">18", []string{"19.0.0"}, []string{"18.20.0"}},
		{"<=20", []string{"20.19.0"}, []string{"21.0.0"}},
		{"<20", []string{"19.0.0"}, []string{"20.0.0"}},
		{"18 || ^20.5", []string{"18.3.0", "20.5.0"}, []string{"19.0.0", "20.4.0"}},
		{"18.2 - 20.3", []string{"18.2.0", "20.3.9"}, []string{"18.1.0", "20.4.0"}},
		{"^20.19.0 || >=22.12.0", []string{"20.19.2", "24.0.0"}, []string{"20.18.0", "22.11.0"}},
		{"22.0.0-rc.1", []string{"22.0.0-rc.1"}, []string{"22.0.0-rc.2"}},
	}
	for _, test := range tests {
		r, err := ParseRange(test.text)
		if err != nil {
			t.Errorf("ParseRange(%q): %v", test.text, err)
			continue
		}
		for _, v := range test.in {
			if !r.Contains(mustParse(t, v)) {
				t.Errorf("%q should contain %s", test.text, v)
			}
		}
		for _, v := range test.out {
			if r.Contains(mustParse(t, v)) {
				t.Errorf("%q should not contain %s", test.text, v)
			}
		}
	}
}

func TestRangeErrors(t *testing.T) {
	for _, text := range []string{"latest", "20.1.2.3", "^^20", "20 $(id)", "lts/*", "-1"} {
		if r, err := ParseRange(text); err == nil {
			t.Errorf("ParseRange(%q) = %v, want an error", text, r)
		}
	}
}

func TestNewest(t *testing.T) {
	r, err := ParseRange("20.x")
	if err != nil {
		t.Fatal(err)
	}
	versions := []Version{mustParse(t, "20.9.0"), mustParse(t, "20.19.2"), mustParse(t, "22.0.0"), mustParse(t, "20.20.0-rc.1")}
	if got, ok := r.Newest(versions); !ok || got.String() != "20.19.2" {
		t.Errorf("Newest = %v, %v; want 20.19.2", got, ok)
	}
}

func mustParse(t *testing.T, text string) Version {
	t.Helper()
	v, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
