package paas

import (
	"cmp"
	"fmt"
	"slices"
)

// Concern is something that an administrator should look at, in a sentence.
type Concern struct {
	About   Subject
	Project ProjectID // that it is about; empty when it is about none
	Message string
}

// Subject says what a Concern is about.
type Subject string

// The subjects of concerns.
const (
	AboutDisk        Subject = "disk"
	AboutMail        Subject = "mail"
	AboutProject     Subject = "project"
	AboutCertificate Subject = "certificate"
	AboutBackup      Subject = "backup"
)

// troubled are the statuses that somebody should look at, with how they go on in a sentence.
var troubled = map[Status]string{
	StatusCrashing:  "is crashing",
	StatusUnhealthy: "is unhealthy: it runs, but does not answer as it should",
	StatusFailed:    "failed: its first version never got live",
}

// projectConcerns are the projects that are in trouble, by name.
func projectConcerns(projects []Project, states map[ProjectID]ProjectState) []Concern {
	var concerns []Concern
	for _, project := range projects {
		state := states[project.ID]
		trouble, is := troubled[state.Status]
		if !is {
			continue
		}
		message := fmt.Sprintf("%s of %s %s.", project.Name, project.OwnerName, trouble)
		if state.Why != "" {
			message += " " + state.Why
		}
		concerns = append(concerns, Concern{About: AboutProject, Project: project.ID, Message: message})
	}
	slices.SortStableFunc(concerns, func(a, b Concern) int { return cmp.Compare(a.Message, b.Message) })
	return concerns
}

// mailConcerns are the mails that were given up.
func mailConcerns(mails []Mail) []Concern {
	var concerns []Concern
	for _, mail := range mails {
		if mail.State == MailFailed {
			message := fmt.Sprintf("A mail (%s) to %s could not be sent: %s", mail.Kind, mail.To, mail.LastError)
			concerns = append(concerns, Concern{About: AboutMail, Message: message})
		}
	}
	return concerns
}

// diskConcerns tell of a disk that is nearly full: less than twice the reserve is free.
func diskConcerns(free, reserve int64) []Concern {
	switch {
	case free < reserve:
		return []Concern{{About: AboutDisk, Message: fmt.Sprintf("The disk has %s free, which is less than the reserve of %s: nothing is built until there is room.", Bytes(free).Rough(), Bytes(reserve).Rough())}}
	case free < 2*reserve:
		return []Concern{{About: AboutDisk, Message: fmt.Sprintf("The disk has %s free. Below %s nothing is built any more.", Bytes(free).Rough(), Bytes(reserve).Rough())}}
	}
	return nil
}
