package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/paastech-cloud/paastech/backup"
	"github.com/paastech-cloud/paastech/deployer"
	"github.com/paastech-cloud/paastech/gitserver"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/registry"
	"github.com/paastech-cloud/paastech/rpc"
	"github.com/paastech-cloud/paastech/store"
)

// Where things are in a backup: the data directory as it was, and the configuration beside it.
const (
	backupData   = "data"
	backupConfig = "config.yaml"

	scratchPrefix = ".backup-" // of what is there while a backup is made: in the data directory, and beside the backup
	volumesDir    = "volumes"
)

// notBackedUp are what the data directory has that means nothing elsewhere, or is taken in another way.
var notBackedUp = []string{
	lockFile, moduleLock(rpc.Deployer), moduleLock(rpc.Repositories), "deployer.registry", "paastech.db", "paastech.db-wal", "paastech.db-shm", upgradeRequestFile, upgradeOutcomeFile, beforeFile,
	"repositories", "registry", volumesDir, "applogs", "trees",
}

// backupRequest says what is backed up, and for whom.
type backupRequest struct {
	config     Config
	configFile string // empty: there is none
	version    string
	recipients []backup.Recipient
}

// writeBackup writes the backup to a new file, which has its name only when all is in it and it was restored once.
func writeBackup(ctx context.Context, request backupRequest, file string) (manifest backup.Manifest, err error) {
	if _, err := os.Lstat(file); err == nil {
		return manifest, failf(paas.ETaken, "%s exists already: a backup overwrites nothing. Choose another name.", file)
	}
	scratch, remove, err := scratchDir(request.config.DataDir)
	if err != nil {
		return manifest, fmt.Errorf("back up: %w", err)
	}
	defer func() { err = errors.Join(err, remove()) }()
	// Whoever verifies cannot have the keys of the recipients: this one is for it alone, and ends with it.
	own, recipient, err := backup.OneTimeKey()
	if err != nil {
		return manifest, err
	}
	out, err := unfinishedBackup(filepath.Dir(file))
	if err != nil {
		return manifest, fmt.Errorf("back up: %w", err)
	}
	defer os.Remove(out.Name())
	defer out.Close()
	if _, err := request.write(ctx, scratch, out, recipient); err != nil {
		return manifest, err
	}
	if err := out.Sync(); err != nil {
		return manifest, err
	}
	if _, err := out.Seek(0, io.SeekStart); err != nil {
		return manifest, err
	}
	if manifest, err = verifyBackup(ctx, out, own, filepath.Join(scratch, "restored")); err != nil {
		return manifest, fmt.Errorf("verify the backup: %w", err)
	}
	if err := os.Link(out.Name(), file); err != nil {
		return manifest, fmt.Errorf("back up: %w", err)
	}
	return manifest, syncDir(filepath.Dir(file))
}

// write takes a picture of everything but the volumes, which costs little, and then archives that and each volume.
func (r backupRequest) write(ctx context.Context, scratch string, to io.Writer, own backup.Recipient) (backup.Manifest, error) {
	picture := filepath.Join(scratch, "picture")
	if err := r.takePicture(ctx, picture); err != nil {
		return backup.Manifest{}, err
	}
	host, err := os.Hostname()
	if err != nil {
		return backup.Manifest{}, err
	}
	w, err := backup.NewWriter(to, backup.Manifest{Version: r.version, Host: host, At: time.Now().UTC()}, append(slices.Clone(r.recipients), own)...)
	if err != nil {
		return backup.Manifest{}, err
	}
	if r.configFile != "" {
		if err := w.AddPath(backupConfig, r.configFile, false); err != nil {
			return backup.Manifest{}, err
		}
	}
	if err := w.AddTree(ctx, backupData, picture, backup.TreeOptions{}); err != nil {
		return backup.Manifest{}, err
	}
	err = deployer.SaveVolumes(ctx, filepath.Join(r.config.DataDir, volumesDir), scratch, func(volume deployer.SavedVolume) error {
		name := filepath.Join(backupData, volumesDir, volume.Path())
		if volume.Image != "" {
			return w.AddPath(name, volume.Image, false)
		}
		return w.AddTree(ctx, name, volume.Content, backup.TreeOptions{Owners: true})
	})
	if err != nil {
		return backup.Manifest{}, err
	}
	return w.Close()
}

// takePicture makes a data directory as it is now. The database goes first: what it says to be there is there when
// the rest is looked at, and at the most more.
func (r backupRequest) takePicture(ctx context.Context, picture string) error {
	if err := os.Mkdir(picture, 0o700); err != nil {
		return err
	}
	data := r.config.DataDir
	options := storeOptions(r.config)
	if err := store.Backup(ctx, options, filepath.Join(picture, "paastech.db")); err != nil {
		return err
	}
	skip := func(name string) bool {
		return slices.Contains(notBackedUp, name) || strings.HasPrefix(name, scratchPrefix)
	}
	if err := backup.CopyTree(data, picture, skip); err != nil {
		return fmt.Errorf("back up the data directory: %w", err)
	}
	if err := pictureRepositories(filepath.Join(data, "repositories"), filepath.Join(picture, "repositories")); err != nil {
		return fmt.Errorf("back up repositories: %w", err)
	}
	// Layers and manifests are written once, then only removed.
	err := backup.LinkTree(filepath.Join(data, "registry"), filepath.Join(picture, "registry"), func(name string) bool { return filepath.Base(name) == "_uploads" })
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("back up images: %w", err)
	}
	return nil
}

// pictureRepositories takes the refs of each repository before its objects: no ref then leads to what is not there.
func pictureRepositories(from, to string) error {
	found, err := filepath.Glob(filepath.Join(from, "*.git"))
	if err != nil {
		return err
	}
	for _, repository := range found {
		target := filepath.Join(to, filepath.Base(repository))
		if err := os.MkdirAll(target, 0o700); err != nil {
			return err
		}
		err := backup.CopyTree(repository, target, func(name string) bool { return name == "objects" || strings.HasSuffix(name, ".lock") })
		if errors.Is(err, fs.ErrNotExist) { // its project was deleted meanwhile
			if err := os.RemoveAll(target); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		err = backup.LinkTree(filepath.Join(repository, "objects"), filepath.Join(target, "objects"), func(name string) bool {
			return strings.HasPrefix(name, "tmp_") || strings.HasPrefix(name, "incoming-") || strings.Contains(name, "/tmp_")
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// restoreBackup brings a backup back into a directory that is not there yet; nothing is left of one that is damaged.
func restoreBackup(ctx context.Context, from io.Reader, identities []backup.Identity, dir string) (backup.Manifest, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return backup.Manifest{}, fmt.Errorf("restore: %w", err)
	}
	manifest, err := backup.Extract(ctx, from, identities, dir)
	if err == nil {
		err = checkRestored(ctx, filepath.Join(dir, backupData))
	}
	if err != nil {
		err = errors.Join(err, os.RemoveAll(dir))
	}
	return manifest, err
}

func verifyBackup(ctx context.Context, from io.Reader, own backup.Identity, dir string) (backup.Manifest, error) {
	manifest, err := restoreBackup(ctx, from, []backup.Identity{own}, dir)
	return manifest, errors.Join(err, os.RemoveAll(dir))
}

// checkRestored looks whether a data directory is one that a daemon can start from.
func checkRestored(ctx context.Context, data string) error {
	db, err := store.Open(ctx, store.Options{DataDir: data})
	if err != nil {
		return err
	}
	damages, err := db.Check(ctx)
	live, liveErr := db.LiveDeployments(ctx)
	if err = errors.Join(err, liveErr, db.Close()); err != nil {
		return err
	}
	if len(damages) > 0 {
		return fmt.Errorf("the database is damaged: %s", damages[0])
	}
	if _, err := os.Stat(filepath.Join(data, "instance")); err != nil {
		return err
	}
	var images []string
	for _, each := range live {
		images = append(images, string(each.Image.Ref))
	}
	return errors.Join(
		registry.Check(filepath.Join(data, "registry"), images),
		gitserver.CheckRepositories(ctx, filepath.Join(data, "repositories")),
		deployer.CheckVolumes(ctx, filepath.Join(data, volumesDir)),
	)
}
