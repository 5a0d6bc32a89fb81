package paas

import (
	"errors"
	"fmt"
	"strings"
)

// DotenvError is what is wrong in one line of a .env file, without the line itself: it may be a secret.
type DotenvError struct {
	Line    int // from 1
	Message string
}

// Error names the line.
func (e *DotenvError) Error() string { return fmt.Sprintf("Line %d: %s", e.Line, e.Message) }

// ParseDotenv reads the text of a .env file: KEY=value lines, with an optional `export`, # comments, 'single'
// quotes (nothing is special in them) and "double" quotes (\n \r \t \" \\ \$ are). Both kinds may go
// over several lines. Nothing is expanded: the value is what the file says. Of a name that is there twice
// the last value counts. The error is a *DotenvError.
func ParseDotenv(text string) (Env, error) {
	text = strings.ReplaceAll(strings.TrimPrefix(text, "\ufeff"), "\r\n", "\n")
	variables := Env{}
	for line := 1; text != ""; line++ {
		statement, rest, _ := strings.Cut(text, "\n")
		trimmed := strings.TrimSpace(statement)
		if trimmed == "" || strings.HasPrefix(trimmed, "#") {
			text = rest
			continue
		}
		left, _, assigned := strings.Cut(statement, "=")
		key := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(left), "export "))
		if !assigned {
			return nil, &DotenvError{line, "this is no NAME=value."}
		}
		if err := ValidateEnvKey(key); err != nil {
			return nil, &DotenvError{line, Public(err).Message}
		}
		text = text[len(left)+1:]
		value, length, err := dotenvValue(text)
		if err != nil {
			return nil, &DotenvError{line, key + ": " + err.Error() + "."}
		}
		variables[key] = Secret(value)
		line += strings.Count(text[:length], "\n")
		_, text, _ = strings.Cut(text[length:], "\n")
	}
	return variables, nil
}

// dotenvValue reads one value and says how far it goes; what follows there is the end of a line.
func dotenvValue(text string) (value string, length int, err error) {
	blanks := len(text) - len(strings.TrimLeft(text, " \t"))
	if blanks < len(text) && (text[blanks] == '\'' || text[blanks] == '"') {
		return quotedValue(text, blanks)
	}
	line, _, _ := strings.Cut(text, "\n")
	value = line
	for i := range line {
		if line[i] == '#' && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t') {
			value = line[:i]
			break
		}
	}
	return strings.TrimSpace(value), len(line), nil
}

// quotedValue reads a value whose quote is at text[start].
func quotedValue(text string, start int) (string, int, error) {
	quote := text[start]
	var value strings.Builder
	for i := start + 1; i < len(text); i++ {
		switch {
		case text[i] == quote:
			after, _, _ := strings.Cut(text[i+1:], "\n")
			if left := strings.TrimSpace(after); left != "" && !strings.HasPrefix(left, "#") {
				return "", 0, errors.New("there is something behind the closing quote")
			}
			return value.String(), i + 1 + len(after), nil
		case text[i] == '\\' && quote == '"' && i+1 < len(text) && escapes[text[i+1]] != "":
			i++
			value.WriteString(escapes[text[i]])
		default:
			value.WriteByte(text[i])
		}
	}
	return "", 0, errors.New("the quote is never closed")
}

var escapes = map[byte]string{'n': "\n", 'r': "\r", 't': "\t", '"': `"`, '\\': `\`, '$': "$"}
