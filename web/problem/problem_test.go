package problem_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web/problem"
)

func TestEveryKindTravelsBothWays(t *testing.T) {
	for kind := paas.Internal; kind <= paas.Canceled; kind++ {
		code := paas.EInvalid
		if kind == paas.Canceled {
			code = paas.ECanceled
		}
		sent := &paas.Error{Kind: kind, Code: code, Message: "A sentence.", Details: []paas.Detail{{Field: "name", Message: "wrong"}}}
		text, err := json.Marshal(problem.Of(sent))
		if err != nil {
			t.Fatal(err)
		}
		var document problem.Document
		if err := json.Unmarshal(text, &document); err != nil {
			t.Fatal(err)
		}
		if got := document.Err(); !reflect.DeepEqual(got, sent) {
			t.Errorf("kind %d came back as %+v", kind, got)
		}
	}
}

func TestCauseStaysHere(t *testing.T) {
	text, _ := json.Marshal(problem.Of(paas.Errorf(paas.Internal, paas.EInternal, "Ours.").Because(errors.New("canary"))))
	if want := `{"status":"error","statusCode":500,"code":"E_INTERNAL","message":"Ours."}`; string(text) != want {
		t.Errorf("%s", text)
	}
}
