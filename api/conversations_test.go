package api_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paastech-cloud/paastech/paas"
)

// line is one request of a conversation, and what must be in its answer. The method PUSH is a git push
// of the project :id.
type line struct {
	Say     string
	Method  string
	Path    string
	Body    json.RawMessage
	Status  int
	Code    string
	Content []string // fields that the content must have
	Holds   string   // a part of the answer, with its fields in order
	Keep    string   // a field of the content, from then on :id
}

// TestFirstClientsConversations replays what the first PaaSTech's clients say (API.md's rows c): from
// an origin of their own, with a bearer token, fields that nobody knows, and no other proof.
func TestFirstClientsConversations(t *testing.T) {
	files, err := filepath.Glob("testdata/conversations/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no conversations: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) { replay(t, file) })
	}
}

func replay(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var lines []line
	if err := json.Unmarshal(text, &lines); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	token, id := "", ""
	for _, l := range lines {
		if l.Method == "PUSH" {
			w.project.ID = paas.ProjectID(id)
			w.mustPush("one")
			continue
		}
		body := bytes.ReplaceAll(l.Body, []byte(":id"), []byte(id))
		request, err := http.NewRequestWithContext(t.Context(), l.Method, "http://"+w.server.Addr().String()+"/api/v1"+strings.ReplaceAll(l.Path, ":id", id), bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if len(body) > 0 {
			request.Header.Set("Content-Type", "application/json")
		}
		if token != "" {
			request.Header.Set("Authorization", "Bearer "+token)
			request.Header.Set("Origin", "https://www.paastech.example")
		}
		status, answer := w.exchange(request)
		content, _ := answer["content"].(map[string]any)
		if status != l.Status || l.Code != "" && answer["code"] != l.Code {
			t.Fatalf("%s: %d %v", l.Say, status, answer)
		}
		for _, field := range l.Content {
			if _, there := content[field]; !there {
				t.Errorf("%s: no %s in %v", l.Say, field, content)
			}
		}
		if whole, _ := json.Marshal(answer); !strings.Contains(string(whole), l.Holds) {
			t.Errorf("%s: no %s in %s", l.Say, l.Holds, whole)
		}
		if given, ok := content["accessToken"].(string); ok {
			token = given
		}
		if l.Keep != "" {
			id, _ = content[l.Keep].(string)
		}
	}
}

func (w *world) exchange(request *http.Request) (int, map[string]any) {
	w.t.Helper()
	response, err := w.contract.RoundTrip(request)
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	answer := map[string]any{}
	if err := json.Unmarshal(text, &answer); err != nil {
		w.t.Fatalf("%v: %s", err, text)
	}
	return response.StatusCode, answer
}
