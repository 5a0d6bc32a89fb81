package ui

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestColoursOfLogsHaveContrast holds every colour that a program can write with, in light and in dark, to
// the contrast of WCAG 2.2 AA with every ground that a line can have, and so the other way around.
func TestColoursOfLogsHaveContrast(t *testing.T) {
	css, err := static.ReadFile("static/app.css")
	if err != nil {
		t.Fatal(err)
	}
	light, dark := map[string]float64{}, map[string]float64{}
	for _, root := range regexp.MustCompile(`(?s)(@media \(prefers-color-scheme: dark\) \{\s*)?:root \{(.*?)\}`).FindAllStringSubmatch(string(css), -1) {
		into := light
		if root[1] != "" {
			into = dark
		}
		for _, token := range regexp.MustCompile(`--([\w-]+):\s*#([0-9a-f]{3,6});`).FindAllStringSubmatch(root[2], -1) {
			into[token[1]] = luminance(token[2])
		}
	}
	for scheme, of := range map[string]map[string]float64{"light": light, "dark": dark} {
		names := []string{"soft", "busy", "bad"}
		for n := range 16 {
			names = append(names, fmt.Sprintf("t%d", n))
		}
		for _, name := range names {
			for _, ground := range []string{"well", "hover", "busy-paper"} {
				one, known := of[name]
				other, there := of[ground]
				ratio := (max(one, other) + 0.05) / (min(one, other) + 0.05)
				if !known || !there || ratio < 4.5 {
					t.Errorf("in %s --%s on --%s: %.2f", scheme, name, ground, ratio)
				}
			}
		}
	}
}

// luminance is that of a colour in hexadecimal (WCAG 2.2, "relative luminance").
func luminance(hex string) float64 {
	if len(hex) == 3 {
		hex = strings.Repeat(hex[:1], 2) + strings.Repeat(hex[1:2], 2) + strings.Repeat(hex[2:], 2)
	}
	var sum float64
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		part, _ := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		value := float64(part) / 255
		if value <= 0.04045 {
			value /= 12.92
		} else {
			value = math.Pow((value+0.055)/1.055, 2.4)
		}
		sum += weight * value
	}
	return sum
}
