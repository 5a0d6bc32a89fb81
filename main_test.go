package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/paastech-cloud/paastech"

// mayImport is the whole picture: which of our folders each folder may know. A folder may always
// know what lies below or above it in the same top-level folder.
var mayImport = map[string][]string{
	"":          {"cli"},
	"paas":      {},
	"web":       {"paas"},
	"api":       {"paas", "web"},
	"ui":        {"paas", "web", "templates"},
	"templates": {"paas"},
	"gitserver": {"paas"},
	"builder":   {"paas"},
	"registry":  {"paas"},
	"deployer":  {"paas"},
	"ingress":   {"paas"},
	"store":     {"paas"},
	"mail":      {"paas", "templates"},
	"logbook":   {"paas"},
	"backup":    {"paas"},
	"rpc":       {"paas"},
	"cli":       {"paas", "web", "api", "ui", "templates", "gitserver", "builder", "registry", "deployer", "ingress", "store", "mail", "logbook", "backup", "rpc"},
}

// onlyIn names the libraries that one spoke hides from the others.
var onlyIn = map[string][]string{
	"github.com/gliderlabs/ssh":              {"gitserver"},
	"github.com/docker/docker":               {"deployer", "builder"},
	"github.com/labstack/echo":               {"web", "api", "ui"},
	"gorm.io":                                {"store"},
	"github.com/golang-jwt/jwt":              {"web"},
	"github.com/spf13/cobra":                 {"cli"},
	"github.com/buildpacks/pack":             {"builder"},
	"github.com/traefik/paerser":             {"cli", "deployer"},
	"github.com/distribution/distribution":   {"registry"},
	"github.com/google/nftables":             {"deployer"},
	"github.com/wneessen/go-mail":            {"mail"},
	"github.com/trustelem/zxcvbn":            {"cli"},
	"github.com/google/go-containerregistry": {"builder", "registry"},
	"github.com/caddyserver/certmagic":       {"ingress"},
	"github.com/libdns":                      {"ingress"},
	"github.com/tg123/go-htpasswd":           {"ingress"},
	"filippo.io/age":                         {"backup"},
	"google.golang.org/grpc":                 {"rpc"},
	"google.golang.org/protobuf":             {"rpc"},
	"html/template":                          {"templates", "ingress"},
}

// TestImports holds the picture of DESIGN.md: every spoke knows the hub, no spoke knows another.
// Tests are free: they run the real parts together.
func TestImports(t *testing.T) {
	files := 0
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() && (strings.HasPrefix(path, ".") && path != "." || path == "examples" || path == "data" || path == "testdata") {
			if err == nil {
				err = filepath.SkipDir
			}
			return err
		}
		if strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
			files++
			checkImports(t, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 50 {
		t.Errorf("only %d files were looked at: the walk is broken", files)
	}
}

func checkImports(t *testing.T, path string) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	folder := topFolder(filepath.ToSlash(filepath.Dir(path)))
	allowed, known := mayImport[folder]
	if !known {
		t.Errorf("%s: the folder %q is not in the picture", path, folder)
	}
	for _, spec := range parsed.Imports {
		imported, _ := strconv.Unquote(spec.Path.Value)
		if inner, ours := strings.CutPrefix(imported, module+"/"); ours {
			if to := topFolder(inner); to != folder && !slices.Contains(allowed, to) {
				t.Errorf("%s imports %s: %s may not know %s", path, imported, folder, to)
			}
			continue
		}
		checkLibrary(t, path, folder, imported)
	}
}

func checkLibrary(t *testing.T, path, folder, imported string) {
	t.Helper()
	for library, folders := range onlyIn {
		if strings.HasPrefix(imported, library) && !slices.Contains(folders, folder) {
			t.Errorf("%s imports %s, which only %s may know", path, imported, strings.Join(folders, " and "))
		}
	}
	host, _, _ := strings.Cut(imported, "/")
	if folder == "paas" && strings.Contains(host, ".") && !strings.HasPrefix(imported, "golang.org/x/") {
		t.Errorf("%s imports %s: the hub knows only the standard library and golang.org/x", path, imported)
	}
}

func topFolder(dir string) string {
	if dir == "." {
		return ""
	}
	folder, _, _ := strings.Cut(dir, "/")
	return folder
}
