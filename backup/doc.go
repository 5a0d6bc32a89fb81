// Package backup writes an installation into one encrypted file, and brings one back.
//
// The file is age (age-encryption.org/v1) around zstd (RFC 8878) around tar (POSIX.1-2001, pax): `age --decrypt
// -i KEY FILE | zstd --decompress | tar --extract` shows what is in it, where no program of ours is. Its first
// entry says which format it has, its last is the manifest: what there is, with SHA-256 sums. Files with holes
// have their data alone in the tar, and where it belongs in a pax record.
package backup
