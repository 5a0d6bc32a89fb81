package paas

// UserLimits bounds what one user's projects may use together; 0 is no bound.
type UserLimits struct {
	Projects   int   `json:"projects"`
	Memory     int64 `json:"memory"`     // bytes, of all running containers
	Containers int   `json:"containers"` // running
	Builds     int   `json:"builds"`     // at a time
	Disk       int64 `json:"disk"`       // bytes: repositories, images, caches, logs
}

// Usage is what of the limits is used.
type Usage = UserLimits

// limitsOf are the limits that hold for a user.
func (p *Platform) limitsOf(user User) UserLimits {
	if user.Limits != nil {
		return *user.Limits
	}
	return p.Limits
}
