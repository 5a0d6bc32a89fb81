package templates

import (
	"fmt"
	"html/template"
)

// icons are drawn on a field of 20 by 20 in lines of one width, in the colour of the text beside them.
var icons = map[string]string{
	"activity": "M2.5 10.5h3l2.5-6 4 11 2.5-5h3",
	"admin":    "M10 2.5 16.5 5v4.5c0 4-2.7 6.8-6.5 8-3.8-1.2-6.5-4-6.5-8V5z",
	"arrow":    "M7 4.5 12.5 10 7 15.5",
	"back":     "M12.5 4.5 7 10l5.5 5.5",
	"branch":   "M6 6.5v7M6 6.5a2 2 0 1 0 0-4 2 2 0 0 0 0 4Zm0 11a2 2 0 1 0 0-4 2 2 0 0 0 0 4Zm8-9a2 2 0 1 0 0-4 2 2 0 0 0 0 4Zm0 0c0 3.5-8 2-8 5",
	"check":    "m4 10.5 4 4 8-9",
	"clock":    "M10 5.5V10l3 2M10 17.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15Z",
	"copy":     "M7.5 7.5v-5h10v10h-5m-10-5h10v10h-10z",
	"deploy":   "M10 13V3m0 0L6 7m4-4 4 4M3 13.5v3.5h14v-3.5",
	"door":     "M12 3H4v14h8M8.5 10H17m0 0-3-3m3 3-3 3",
	"download": "M10 3v10m0 0 4-4m-4 4L6 9M3 13.5v3.5h14v-3.5",
	"env":      "M6 3.5c-2 0-2 1-2 3s-.5 3-1.5 3.5C3.5 10.5 4 11.5 4 13.500s0 3 2 3m8-13c2 0 2 1 2 3s.5 3 1.5 3.5c-1 .5-1.5 1.5-1.5 3.500s0 3-2 3",
	"eye":      "M2 10s3-5.5 8-5.5 8 5.5 8 5.5-3 5.5-8 5.500S2 10 2 10Zm8 2.500a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5Z",
	"key":      "M12.5 11a4.5 4.5 0 1 0-4.300-3.200L2.5 13.500v4h4v-2.500h2.500v-2.500l1.200-1.200c.7.200 1.5.3 2.300.3ZM13.5 6.500h.01",
	"link":     "M8 12l4-4M9 5.500l1.5-1.500a3.900 3.900 0 0 1 5.5 5.500L14.5 11M11 14.5 9.5 16A3.900 3.900 0 0 1 4 10.500L5.5 9",
	"logs":     "M3 5h14M3 10h14M3 15h8",
	"mail":     "M2.5 4.500h15v11h-15zm0 1 7.5 6 7.5-6",
	"metrics":  "M3 17V3m0 14h14M6.5 14v-4m4 4V6m4 8V9",
	"pause":    "M7 4.500v11m6-11v11",
	"plus":     "M10 4v12M4 10h12",
	"project":  "M10 2.5 17 6v8l-7 3.500L3 14V6zM3 6l7 3.500L17 6m-7 3.500v8",
	"restart":  "M16.5 8A6.900 6.900 0 1 0 17 11m-.5-7v4h-4",
	"rollback": "M4 8h8a4.5 4.5 0 0 1 0 9H7M4 8l3.5-3.500M4 8l3.5 3.5",
	"search":   "m17 17-4-4m-4 1.500a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11Z",
	"settings": "M3 6h8m4 0h2M3 14h2m4 0h8M13 8a2 2 0 1 0 0-4 2 2 0 0 0 0 4Zm-6 8a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z",
	"sleep":    "M15.500 12.500A6.500 6.500 0 0 1 7.500 4.500a6.500 6.500 0 1 0 8 8Z",
	"start":    "M6 4v12l10-6z",
	"stop":     "M5 5h10v10H5z",
	"trash":    "M3.5 5.500h13M8 5.500v-2h4v2m-7 0 .7 11h8.600l.7-11M8.5 9v4.500m3-4.500v4.5",
	"user":     "M10 10a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7Zm-7 7.500c.5-3.5 3.5-5 7-5s6.5 1.5 7 5",
	"warning":  "M10 3 1.5 17h17zm0 5v4.500m0 2.200v.3",
}

// icon draws one beside a text that says the same, so that programs that read pages aloud pass over it.
func icon(name string) (template.HTML, error) {
	path, known := icons[name]
	if !known {
		return "", fmt.Errorf("there is no icon %s", name)
	}
	return template.HTML(`<svg class="icon" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true"><path d="` + path + `"/></svg>`), nil
}
