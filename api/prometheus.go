package api

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web"
)

// prometheusRoutes is /metrics in Prometheus' text format, for an administrator's API token.
func (a *api) prometheusRoutes() []web.Route {
	return []web.Route{{Method: http.MethodGet, Path: "/metrics", Level: web.Admin, Name: "prometheus", Handler: a.prometheus}}
}

// prometheus shows what is known already: nothing is measured for it.
func (a *api) prometheus(call *web.Call) error {
	gauges, err := a.platform.Gauges(call.Request().Context())
	if err != nil {
		return err
	}
	registry := prometheus.NewRegistry()
	for _, collector := range []prometheus.Collector{collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), projectMetrics(gauges), certificateMetrics(a.platform.Certificates(call.Request().Context()))} {
		if err := registry.Register(collector); err != nil {
			return err
		}
	}
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(call.Response(), call.Request())
	return nil
}

// projectMetrics are what Prometheus is told of every project.
type projectMetrics []paas.Gauge

// The names of what is told, by Prometheus' conventions: base units, counters end in _total.
func projectMetric(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("paastech_project_"+name, help, append([]string{"project", "name", "owner"}, labels...), nil)
}

// Describe tells nothing before: which projects there are changes.
func (projectMetrics) Describe(chan<- *prometheus.Desc) {}

// Collect tells of every project.
func (m projectMetrics) Collect(metrics chan<- prometheus.Metric) {
	status := projectMetric("status", "1 for what the project shows.", "status")
	containers := projectMetric("containers", "Containers of its live version that run.", "process")
	gauges := []struct {
		desc  *prometheus.Desc
		value func(paas.Gauge) float64
	}{
		{projectMetric("cpu_cores", "Cores that its containers use."), func(g paas.Gauge) float64 { return g.Sample.CPU / 100 }},
		{projectMetric("memory_bytes", "Memory that its containers use, without the page cache."), func(g paas.Gauge) float64 { return float64(g.Sample.Memory) }},
		{projectMetric("memory_limit_bytes", "Memory that its containers may use."), func(g paas.Gauge) float64 { return float64(g.Sample.Limit) }},
	}
	counters := []struct {
		desc  *prometheus.Desc
		value func(paas.Gauge) float64
	}{
		{projectMetric("requests_total", "Requests that the ingress led to it."), func(g paas.Gauge) float64 { return float64(g.Traffic.Requests) }},
		{projectMetric("errors_total", "Answers from 500 up, and those that broke off."), func(g paas.Gauge) float64 { return float64(g.Traffic.Errors) }},
		{projectMetric("sent_bytes_total", "Bytes of answers."), func(g paas.Gauge) float64 { return float64(g.Traffic.Sent) }},
	}
	counters = append(counters, []struct {
		desc  *prometheus.Desc
		value func(paas.Gauge) float64
	}{
		{projectMetric("wakes_total", "How often it was woken from sleep."), func(g paas.Gauge) float64 { return float64(g.Wakes.Count) }},
		{projectMetric("wakes_failed_total", "How often that failed."), func(g paas.Gauge) float64 { return float64(g.Wakes.Failed) }},
		{projectMetric("wake_seconds_total", "How long the first requests waited for it to wake up."), func(g paas.Gauge) float64 { return g.Wakes.Total.Seconds() }},
	}...)
	latency := projectMetric("latency_seconds", "How long requests took.")
	for _, g := range m {
		labels := []string{string(g.Project.ID), g.Project.Name, g.Project.OwnerName}
		metrics <- prometheus.MustNewConstMetric(status, prometheus.GaugeValue, 1, append(labels, string(g.State.Status))...)
		for process, count := range g.State.Running {
			metrics <- prometheus.MustNewConstMetric(containers, prometheus.GaugeValue, float64(count), append(labels, process)...)
		}
		for _, gauge := range gauges {
			metrics <- prometheus.MustNewConstMetric(gauge.desc, prometheus.GaugeValue, gauge.value(g), labels...)
		}
		for _, counter := range counters {
			metrics <- prometheus.MustNewConstMetric(counter.desc, prometheus.CounterValue, counter.value(g), labels...)
		}
		metrics <- histogram(latency, g.Traffic, labels)
	}
}

// histogram makes the buckets cumulative. Sums of durations are not kept: the middle of each bucket
// stands for its requests.
func histogram(desc *prometheus.Desc, t paas.Traffic, labels []string) prometheus.Metric {
	buckets, below, sum := map[float64]uint64{}, uint64(0), 0.0
	last := time.Duration(0)
	for i, bound := range paas.LatencyBounds {
		below += t.Latency[i]
		buckets[bound.Seconds()] = below
		sum += float64(t.Latency[i]) * (last + bound).Seconds() / 2
		last = bound
	}
	beyond := t.Latency[len(paas.LatencyBounds)]
	sum += float64(beyond) * last.Seconds()
	return prometheus.MustNewConstHistogram(desc, below+beyond, sum, buckets, labels...)
}
