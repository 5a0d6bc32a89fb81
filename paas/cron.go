package paas

import (
	"strconv"
	"strings"
	"time"
)

// CronLine is a command that runs in the live version at certain times.
type CronLine struct {
	Schedule string `json:"schedule"` // five fields as in crontab(5), UTC, or @hourly, @daily, @weekly, @monthly
	Command  string `json:"command"`
}

// Schedule is when a cron line is due: the sets of minutes, hours, days, months and weekdays of
// crontab(5), in UTC.
type Schedule struct {
	minutes, hours, days, months, weekdays uint64 // bit n is set when n is among them
	anyDay, anyWeekday                     bool
}

var scheduleNames = map[string]string{
	"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *",
	"@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
}

var cronFields = []struct {
	name      string
	low, high int
	names     []string // of low and up
}{
	{"minute", 0, 59, nil}, {"hour", 0, 23, nil}, {"day of the month", 1, 31, nil},
	{"month", 1, 12, []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
	{"day of the week", 0, 7, []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}},
}

// ParseSchedule reads the five fields of crontab(5): *, lists, ranges, steps and names of months and days.
func ParseSchedule(text string) (Schedule, error) {
	if named, known := scheduleNames[strings.ToLower(strings.TrimSpace(text))]; known {
		text = named
	}
	fields := strings.Fields(text)
	if len(fields) != len(cronFields) {
		return Schedule{}, InvalidField("cron.schedule", "%q is not a schedule: give minute, hour, day, month and weekday, like 15 3 * * 1, or @daily.", text)
	}
	var sets [5]uint64
	for i, field := range fields {
		set, ok := cronSet(field, i)
		if !ok {
			return Schedule{}, InvalidField("cron.schedule", "%q is not a %s (%d to %d) in the schedule %q.", field, cronFields[i].name, cronFields[i].low, cronFields[i].high, text)
		}
		sets[i] = set
	}
	sets[4] |= sets[4] >> 7 & 1 // 7 is Sunday too
	s := Schedule{sets[0], sets[1], sets[2], sets[3], sets[4], strings.HasPrefix(fields[2], "*"), strings.HasPrefix(fields[4], "*")}
	if s.Next(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return Schedule{}, InvalidField("cron.schedule", "The schedule %q never comes.", text)
	}
	return s, nil
}

func cronSet(field string, index int) (uint64, bool) {
	var set uint64
	for _, part := range strings.Split(field, ",") {
		span, stepText, stepped := strings.Cut(part, "/")
		step := 1
		if stepped {
			var err error
			if step, err = strconv.Atoi(stepText); err != nil || step < 1 || step > 60 {
				return 0, false
			}
		}
		low, high, ok := cronSpan(span, index, stepped)
		if !ok {
			return 0, false
		}
		for n := low; n <= high; n += step {
			set |= 1 << n
		}
	}
	return set, set != 0
}

func cronSpan(span string, index int, stepped bool) (low, high int, ok bool) {
	bounds := cronFields[index]
	if span == "*" {
		return bounds.low, bounds.high, true
	}
	first, last, isRange := strings.Cut(span, "-")
	low, ok = cronNumber(first, index)
	high = low
	if ok && isRange {
		high, ok = cronNumber(last, index)
	} else if stepped {
		high = bounds.high
	}
	return low, high, ok && low <= high
}

func cronNumber(text string, index int) (int, bool) {
	bounds := cronFields[index]
	for i, name := range bounds.names {
		if strings.EqualFold(text, name) {
			return bounds.low + i, true
		}
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && len(text) <= 2 && text[0] != '+' && n >= bounds.low && n <= bounds.high
}

// Next is the first minute after then that is due; zero when there is none within five years.
func (s Schedule) Next(then time.Time) time.Time {
	at := then.UTC().Truncate(time.Minute).Add(time.Minute)
	for end := at.AddDate(5, 0, 0); at.Before(end); {
		switch {
		case s.months>>int(at.Month())&1 == 0:
			at = time.Date(at.Year(), at.Month()+1, 1, 0, 0, 0, 0, time.UTC)
		case !s.onDay(at):
			at = time.Date(at.Year(), at.Month(), at.Day()+1, 0, 0, 0, 0, time.UTC)
		case s.hours>>at.Hour()&1 == 0:
			at = at.Truncate(time.Hour).Add(time.Hour)
		case s.minutes>>at.Minute()&1 == 0:
			at = at.Add(time.Minute)
		default:
			return at
		}
	}
	return time.Time{}
}

// onDay follows crontab(5): when both days are restricted, one of them is enough.
func (s Schedule) onDay(at time.Time) bool {
	day := s.days>>at.Day()&1 == 1
	weekday := s.weekdays>>int(at.Weekday())&1 == 1
	if s.anyDay || s.anyWeekday {
		return day && weekday
	}
	return day || weekday
}
