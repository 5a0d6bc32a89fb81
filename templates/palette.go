package templates

import "strings"

// palette are the sixteen colours of xterm. Pages show them as the style sheet says, which gives each
// enough contrast in light and in dark; these values only tell which one another colour is nearest to.
var palette = [16][3]int{
	{0, 0, 0}, {205, 0, 0}, {0, 205, 0}, {205, 205, 0}, {0, 0, 238}, {205, 0, 205}, {0, 205, 205}, {229, 229, 229},
	{127, 127, 127}, {255, 0, 0}, {0, 255, 0}, {255, 255, 0}, {92, 92, 255}, {255, 0, 255}, {0, 255, 255}, {255, 255, 255},
}

// extended reads a colour of the 256 or of all, after 38 or 48: its fields follow as parameters, or in
// the same one after colons (ITU-T T.416). It returns the parameters that are left.
func extended(list []string) (color uint8, left []string) {
	fields := strings.Split(list[0], ":")[1:]
	left = list[1:]
	if inOne := len(fields) > 0; inOne {
		if fields[0] == "2" && len(fields) > 4 {
			fields = append([]string{"2"}, fields[2:]...) // the second names a colour space
		}
	} else {
		fields, left = left, nil
	}
	var values [4]int
	for i := range min(len(fields), 4) {
		values[i] = number(fields[i])
	}
	used := 1
	switch values[0] {
	case 5:
		color, used = indexed(values[1]), 2
	case 2:
		color, used = nearest(values[1], values[2], values[3]), 4
	}
	if left == nil {
		left = fields[min(used, len(fields)):]
	}
	return color, left
}

// indexed is a colour of the 256: the sixteen, a cube of 6 × 6 × 6, and 24 grays. Colours count from 1.
func indexed(n int) uint8 {
	switch {
	case n < 0 || n > 255:
		return 0
	case n < 16:
		return uint8(n + 1)
	case n >= 232:
		gray := 8 + (n-232)*10
		return nearest(gray, gray, gray)
	}
	n -= 16
	steps := [6]int{0, 95, 135, 175, 215, 255}
	return nearest(steps[n/36], steps[n/6%6], steps[n%6])
}

// nearest is the colour of the palette that is nearest to one of all. Colours count from 1.
func nearest(red, green, blue int) uint8 {
	best, least := 0, 1<<30
	for i, known := range palette {
		r, g, b := clamp(red)-known[0], clamp(green)-known[1], clamp(blue)-known[2]
		if distance := r*r + g*g + b*b; distance < least {
			best, least = i, distance
		}
	}
	return uint8(best + 1)
}

func clamp(part int) int { return min(max(part, 0), 255) }
