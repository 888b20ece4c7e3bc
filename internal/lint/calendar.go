package lint

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// calendar tells what of data/hours.yaml is over, and schedules that nobody names.
func calendar(f dataFile, used map[string]bool, now time.Time) []Finding {
	var found []Finding
	schedules, _ := f.value["schedules"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(schedules)) {
		if !used[name] {
			found = append(found, f.finding(Hint, "unused_schedule", []string{"schedules", name},
				fmt.Sprintf("no data file and no rule names the schedule %s", name), "whether it is open changes no call",
				"name it where it is to count (office_hours.yaml, cap.yaml, after_hours.yaml), or remove it"))
		}
	}
	today := now.Format(time.DateOnly)
	for _, key := range []string{"holidays", "working_days"} {
		days, _ := f.value[key].([]any)
		for i, v := range days {
			day, _ := v.(map[string]any)
			if last := lastDay(day); last != "" && last < today {
				found = append(found, f.finding(Hint, "past_day", []string{key, strconv.Itoa(i)},
					fmt.Sprintf("%s is over: the last day was %s", dayName(day), last), "the days to come may be missing",
					"write the days of the year to come, or remove the entry"))
			}
		}
	}
	return found
}

// lastDay is the last date of a holiday or a working day, empty for one of every year.
func lastDay(day map[string]any) string {
	last := ""
	date, _ := day["date"].(string)
	for _, d := range append(texts(day["dates"]), date) {
		if _, to, ok := strings.Cut(d, ".."); ok {
			d = to
		}
		if d != "" && len(d) < len(time.DateOnly) {
			return ""
		}
		last = max(last, d)
	}
	return last
}

func dayName(day map[string]any) string {
	if name, ok := day["name"].(string); ok {
		return "the holiday " + name
	}
	return "the working day"
}
