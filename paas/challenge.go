package paas

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"math/bits"
	"strconv"
	"strings"
	"sync"
	"time"
)

// puzzleLifetime is how long a puzzle may be worked on.
const puzzleLifetime = 10 * time.Minute

// maxSolved bounds how many used solutions are remembered, which is how many people can register
// within a puzzle's lifetime.
const maxSolved = 100_000

// ProofOfWork is the built-in Challenge: SHA-256 with leading zero bits, as Hashcash has it. Puzzles
// are signed, not stored; solutions are remembered until their puzzle ends.
type ProofOfWork struct {
	bits int
	key  []byte

	mu     sync.Mutex
	solved map[string]time.Time // guarded by mu
}

// NewProofOfWork makes a challenge that takes 2^bits hashes on average.
func NewProofOfWork(bits int) *ProofOfWork {
	key := make([]byte, 32)
	rand.Read(key)
	return &ProofOfWork{bits: bits, key: key, solved: map[string]time.Time{}}
}

// Pose makes a new puzzle.
func (w *ProofOfWork) Pose() Puzzle {
	until := time.Now().Add(puzzleLifetime).UTC().Truncate(time.Second)
	body := strconv.FormatInt(until.Unix(), 36) + "." + strings.ToLower(rand.Text())
	return Puzzle{Text: body + "." + w.sign(body), Bits: w.bits, Until: until}
}

func (w *ProofOfWork) sign(body string) string {
	mac := hmac.New(sha256.New, w.key)
	mac.Write([]byte(body))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

var errChallenge = Errorf(Invalid, EChallenge, "The answer to the challenge is missing, wrong, used or too old: ask for a new one (GET /auth/challenge).")

// Check accepts a solution once.
func (w *ProofOfWork) Check(answer string) error {
	fields := strings.Split(answer, ".")
	if len(answer) > 256 || len(fields) != 4 {
		return errChallenge
	}
	unix, err := strconv.ParseInt(fields[0], 36, 64)
	until := time.Unix(unix, 0)
	signed := hmac.Equal([]byte(w.sign(fields[0]+"."+fields[1])), []byte(fields[2]))
	if err != nil || !signed || time.Now().After(until) || LeadingZeroBits(answer) < w.bits {
		return errChallenge
	}
	return w.useUp(fields[1], until)
}

func (w *ProofOfWork) useUp(puzzle string, until time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.solved) >= maxSolved {
		for other, ends := range w.solved {
			if time.Now().After(ends) {
				delete(w.solved, other)
			}
		}
	}
	if _, used := w.solved[puzzle]; used || len(w.solved) >= maxSolved {
		return errChallenge
	}
	w.solved[puzzle] = until
	return nil
}

// LeadingZeroBits counts those of a text's SHA-256.
func LeadingZeroBits(text string) int {
	sum := sha256.Sum256([]byte(text))
	zeros := 0
	for i := 0; i < len(sum); i += 8 {
		n := bits.LeadingZeros64(binary.BigEndian.Uint64(sum[i:]))
		zeros += n
		if n < 64 {
			break
		}
	}
	return zeros
}

// Solve finds a puzzle's answer.
func (p Puzzle) Solve() string {
	for i := 0; ; i++ {
		if answer := p.Text + "." + strconv.Itoa(i); LeadingZeroBits(answer) >= p.Bits {
			return answer
		}
	}
}
