package ui_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

func TestMetricsPage(t *testing.T) {
	h := newInhabited(t, plainWords)
	h.login()
	path := projectPath(h, "metrics")
	_, status, page := h.visit(path)
	if status != http.StatusOK {
		t.Errorf("%d", status)
	}
	h.holds(page, `data-live="metrics"`, `data-every="10"`, `aria-current="page">1 hour`, "Times are in UTC",
		`id="chart-cpu"`, `id="chart-memory"`, `id="chart-requests"`, `id="chart-errors"`, `id="chart-latency"`, `id="chart-network"`,
		"limit 384 MiB", "p99 <b>50 ms</b>", "≤ 50 ms", "of 384 MiB", `data-step="20"`)
	_, _, page = h.visit(path + "?range=24h")
	h.holds(page, `aria-current="page">24 hours`, `data-every="60"`, `data-step="600"`, `href="`+projectPath(h, "deployments/7")+`"`, "v7 went live on", "in the last 24 hours")
	h.lacks(page, "v5 went live") // it failed
	_, _, page = h.visit(path + "?range=7d")
	h.holds(page, `aria-current="page">7 days`, `data-step="3600"`)
	for _, odd := range []string{"?range=1000d", "?range=<script>", "?range="} {
		_, status, page = h.visit(path + odd)
		if status != http.StatusOK || !strings.Contains(page, `aria-current="page">1 hour`) || strings.Contains(page, "<script>") {
			t.Errorf("%s: %d", odd, status)
		}
	}
	h.stranger(path)
}

func TestMetricsSayWhyThereAreNone(t *testing.T) {
	v := newVisitor(t)
	v.login()
	project := v.project("hello")
	path := "/dashboard/" + string(project.ID) + "/metrics"
	says := func(what string) {
		t.Helper()
		_, status, page := v.visit(path)
		if status != http.StatusOK {
			t.Errorf("%d", status)
		}
		v.holds(page, what)
		v.lacks(page, "data-chart")
	}
	says("The first figures come ten seconds after the first version has started.")
	v.deployment(project, paas.Failed, nil)
	says("No version has run yet.")
	at := time.Now()
	_, err := v.store.CreateDeployment(t.Context(), paas.Deployment{Project: project.ID, State: paas.Live, CreatedAt: at, LiveAt: &at})
	v.must(err)
	says("Nothing was measured in the last hour.")
	_, err = v.store.ChangeProject(t.Context(), project.ID, func(p *paas.Project) error {
		p.Stopped = true
		return nil
	})
	v.must(err)
	says("The application is stopped, and did not run in the last hour.")
}

func TestSmallGraphs(t *testing.T) {
	h := newInhabited(t, plainWords)
	h.login()
	_, _, page := h.visit("/dashboard")
	h.holds(page, `data-every="10"`, `aria-label="CPU over the last 30 minutes: highest `, `aria-label="Memory over the last 30 minutes: highest `)
	if lines := strings.Count(page, `<svg class="spark`); lines != 2 {
		t.Errorf("%d lines of one project that runs", lines)
	}
	_, _, page = h.visit(projectPath(h, ""))
	h.holds(page, `id="chart-cpu"`, `id="chart-memory"`, `data-step="60"`, "chart-short")
	_, _, page = h.visit("/dashboard/" + string(h.empty.ID))
	h.lacks(page, "data-chart", "chart-drawing")
}
