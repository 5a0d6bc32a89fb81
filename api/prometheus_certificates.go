package api

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/paastech-cloud/paastech/paas"
)

// certificateMetrics are what Prometheus is told of certificates, for an alarm before they end.
type certificateMetrics []paas.Certificate

// Describe tells nothing before: which certificates there are changes.
func (certificateMetrics) Describe(chan<- *prometheus.Desc) {}

// Collect tells of every certificate.
func (m certificateMetrics) Collect(metrics chan<- prometheus.Metric) {
	ends := prometheus.NewDesc("paastech_certificate_expiry_timestamp_seconds", "When it ends.", []string{"name", "issuer"}, nil)
	failed := prometheus.NewDesc("paastech_certificate_failed", "1 while the last attempt to get or renew it failed.", []string{"name"}, nil)
	seen := map[string]bool{}
	for _, one := range m {
		if seen[one.Name] { // a file beside one that was got
			continue
		}
		seen[one.Name] = true
		if !one.NotAfter.IsZero() {
			metrics <- prometheus.MustNewConstMetric(ends, prometheus.GaugeValue, float64(one.NotAfter.Unix()), one.Name, one.Issuer)
		}
		if one.Error != "" {
			metrics <- prometheus.MustNewConstMetric(failed, prometheus.GaugeValue, 1, one.Name)
		}
	}
}
