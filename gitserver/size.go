package gitserver

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/paastech-cloud/paastech/paas"
)

// Size is how many bytes the files of a repository have. It may change while it is read.
func (r *Repositories) Size(ctx context.Context, project paas.ProjectID) (int64, error) {
	if err := checkID(project); err != nil {
		return 0, err
	}
	var sum int64
	err := filepath.WalkDir(r.path(project), func(_ string, entry fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil || !entry.Type().IsRegular() {
			return ignoreGone(err)
		}
		info, err := entry.Info()
		if err == nil {
			sum += info.Size()
		}
		return ignoreGone(err)
	})
	if err != nil {
		return 0, fmt.Errorf("measure repository: %w", err)
	}
	return sum, nil
}

func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
