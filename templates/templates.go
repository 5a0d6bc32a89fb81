// Package templates holds the HTML pages, their style sheet and the bodies of mails. Every page is a struct
// that names its template; all of them are parsed and tried when the daemon starts.
package templates

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

//go:embed html/*.html
var pages embed.FS

//go:embed style.css
var style []byte

//go:embed work.js
var script []byte

// Page is the data of one page.
type Page interface {
	// file is the page's template, below html.
	file() string
}

// every is one of each page, to try the templates with.
var every = []Page{
	Home{}, Login{}, Dashboard{}, Project{}, Failure{},
	Register{Puzzle: &paas.Puzzle{}}, Verification{}, AskMail{}, Reset{}, Notice{}, Mailbox{Mails: []paas.Mail{{}}}, KeptMail{},
}

// Set is all templates, ready to use.
type Set struct {
	pages      map[string]*template.Template
	stylePath  string
	scriptPath string
}

// Load parses every template and tries it.
func Load() (*Set, error) {
	set := &Set{
		pages:     map[string]*template.Template{},
		stylePath: "/static/style." + checksum(style) + ".css", scriptPath: "/static/work." + checksum(script) + ".js",
	}
	functions := template.FuncMap{
		"style":  func() string { return set.stylePath },
		"script": func() string { return set.scriptPath },
		"ago":    func(at time.Time) string { return ago(time.Since(at)) },
		"exact":  func(at time.Time) string { return at.UTC().Format(time.RFC3339) },
	}
	for _, page := range every {
		parsed, err := template.New("layout.html").Funcs(functions).ParseFS(pages, "html/layout.html", "html/"+page.file())
		if err != nil {
			return nil, fmt.Errorf("parse page %s: %w", page.file(), err)
		}
		set.pages[page.file()] = parsed
		if _, err := set.Render(page); err != nil {
			return nil, err
		}
	}
	return set, nil
}

func checksum(file []byte) string {
	sum := sha256.Sum256(file)
	return hex.EncodeToString(sum[:6])
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
	return out.Bytes(), nil
}

// StylePath is where pages look for the style sheet; it changes with the content, which therefore may
// be kept for ever.
func (s *Set) StylePath() string { return s.stylePath }

// Style is the style sheet.
func (s *Set) Style() []byte { return style }

// ScriptPath is where the form for a new account looks for the script that does the work asked of it.
func (s *Set) ScriptPath() string { return s.scriptPath }

// Script is that script.
func (s *Set) Script() []byte { return script }

// ago says how long ago something was, as roughly as people do.
func ago(d time.Duration) string {
	for _, unit := range []struct {
		of   time.Duration
		name string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}} {
		switch n := int(d / unit.of); {
		case n == 1:
			return "1 " + unit.name + " ago"
		case n > 1:
			return fmt.Sprintf("%d %ss ago", n, unit.name)
		}
	}
	return "just now"
}
