// Package templates holds the HTML pages and the bodies of mails. Every page is a struct that names its
// template; all of them are parsed and tried when the daemon starts.
package templates

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

//go:embed html/*.html html/part/*.html
var files embed.FS

// Page is the data of one page.
type Page interface {
	// file is the page's template, below html.
	file() string
}

// every is one of each page, to try the templates with.
var every = []Page{
	Home{}, Login{}, Failure{},
	Register{Puzzle: &paas.Puzzle{}}, Verification{}, AskMail{}, Reset{}, Notice{}, Mailbox{Mails: []paas.Mail{{}}}, KeptMail{},
	Dashboard{Projects: []ProjectRow{{Newest: &paas.Deployment{}}}},
	Settings{Groups: []SettingGroup{{Settings: []Setting{{}, {Choices: [][2]string{{}}}}}}, Volumes: Volumes{All: []VolumeRow{{}}}},
	Domains{Rows: []DomainRow{{Records: []paas.Record{{}}}}},
	DeleteProject{Volumes: []VolumeRow{{}}}, NewProject{},
	Env{Rows: []EnvRow{{}}, Fresh: []EnvRow{{}}}, EnvReview{Changes: []EnvChange{{}}},
	Deployments{Rows: []DeploymentRow{{Deployment: paas.Deployment{Diagnosis: &paas.Diagnosis{}}, Bar: Bar{Parts: []Part{{}}}}}}, Deployments{},
	Deployment{Changes: &Changes{Changes: paas.Changes{Image: true, Added: []string{""}, Removed: []string{""}, Changed: []string{""}, Formation: true}}, DeploymentRow: DeploymentRow{Bar: Bar{Parts: []Part{{}}}}},
	Metrics{Ranges: []Tab{{}}, Figures: []Figure{{}}, Charts: []Chart{{Limit: &Limit{}, Series: []Series{{}}, Marks: []Mark{{}}}}}, Metrics{Nothing: "Nothing."},
	History{Events: []paas.Event{{Number: 1}}, Next: 1},
	Project{Events: []paas.Event{{Number: 1}}, Live: &paas.Deployment{}, Deployments: []paas.Deployment{{Diagnosis: &paas.Diagnosis{}}}},
	Logs{At: &time.Time{}, Log: Lines{Lines: []Line{{}}}},
	Profile{Allowance: []Allowance{{Limit: "1", Meter: MeterOf("1 of 1", 1, 1)}}, Keys: []KeyRow{{}}, Tokens: []TokenRow{{ExpiresAt: &time.Time{}}}, Made: &MadeToken{}, Sessions: []SessionRow{{}, {}}}, Closing{},
	Admin{Overview: paas.Overview{Concerns: []paas.Concern{{}}}, Gauges: Gauges(paas.Overview{Capacity: &paas.Capacity{}}), Look: paas.Look{Examination: paas.Examination{Repaired: []string{""}, Checks: []paas.Check{{Findings: []paas.Finding{{}}}, {}}}}},
	AdminUsers{Users: []UserRow{{}}, Invites: []paas.Invite{{}}, Made: &MadeInvite{}}, AdminUser{Projects: []OwnedProject{{}}, Allowance: []Allowance{{}}}, AdminProjects{Projects: []OwnedProject{{ProjectRow: ProjectRow{Newest: &paas.Deployment{}}}}},
	AdminKeys{Keys: []KeyRow{{}}}, AdminAudit{Next: "1", Before: "9", Entries: []paas.AuditEntry{{}}}, AdminSettings{Groups: []Section{{Settings: []paas.Setting{{}}}}},
}

// Set is all pages' templates, ready to use.
type Set struct {
	pages map[string]*template.Template
}

// Load parses every template and tries it. asset tells the path of one of our own files by its name;
// it fails for one that is not there.
func Load(asset func(name string) (string, error)) (*Set, error) {
	functions := template.FuncMap{
		"asset":   asset,
		"ago":     func(at time.Time) string { return ago(time.Since(at)) },
		"exact":   func(at time.Time) string { return at.UTC().Format(time.RFC3339) },
		"took":    took,
		"bytes":   bytesOf,
		"icon":    icon,
		"exactly": exactly,
		"day":     func(at time.Time) string { return at.UTC().Format("2 January 2006") },
		"until":   func(at time.Time) string { return in(time.Until(at)) },
	}
	shared, err := template.New("").Funcs(functions).ParseFS(files, "html/layout.html", "html/part/*.html")
	if err != nil {
		return nil, fmt.Errorf("parse what pages share: %w", err)
	}
	set := &Set{pages: map[string]*template.Template{}}
	for _, page := range every {
		if err := set.add(shared, page); err != nil {
			return nil, err
		}
	}
	return set, nil
}

func (s *Set) add(shared *template.Template, page Page) error {
	parsed, err := shared.Clone()
	if err != nil {
		return fmt.Errorf("copy what pages share: %w", err)
	}
	if _, err := parsed.ParseFS(files, "html/"+page.file()); err != nil {
		return fmt.Errorf("parse page %s: %w", page.file(), err)
	}
	s.pages[page.file()] = parsed.Lookup("layout.html")
	_, err = s.Render(page)
	return err
}

// Render makes a page; when that goes wrong nothing of it was sent yet.
func (s *Set) Render(page Page) ([]byte, error) {
	parsed, known := s.pages[page.file()]
	if !known {
		return nil, fmt.Errorf("there is no page %s", page.file())
	}
	var out bytes.Buffer
	if err := parsed.Execute(&out, page); err != nil {
		return nil, fmt.Errorf("render page %s: %w", page.file(), err)
	}
	return neutral(out.Bytes()), nil
}
