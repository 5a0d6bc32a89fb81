package rpc

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/rpc/contracts/paastechv1"
)

// eNoRegistry is the code of a deployer that has begun anew since it was told where images come from.
const eNoRegistry paas.Code = "E_NO_REGISTRY"

// kinds are those of paas as they travel, and the gRPC code that speaks of them to those who know no Failure.
var kinds = []struct {
	kind paas.Kind
	wire paastechv1.Kind
	grpc codes.Code
}{
	{paas.Internal, paastechv1.Kind_KIND_INTERNAL, codes.Internal},
	{paas.Invalid, paastechv1.Kind_KIND_INVALID, codes.InvalidArgument},
	{paas.Unauthenticated, paastechv1.Kind_KIND_UNAUTHENTICATED, codes.Unauthenticated},
	{paas.Forbidden, paastechv1.Kind_KIND_FORBIDDEN, codes.PermissionDenied},
	{paas.NotFound, paastechv1.Kind_KIND_NOT_FOUND, codes.NotFound},
	{paas.Conflict, paastechv1.Kind_KIND_CONFLICT, codes.AlreadyExists},
	{paas.TooLarge, paastechv1.Kind_KIND_TOO_LARGE, codes.InvalidArgument},
	{paas.Rejected, paastechv1.Kind_KIND_REJECTED, codes.FailedPrecondition},
	{paas.TooMany, paastechv1.Kind_KIND_TOO_MANY, codes.ResourceExhausted},
	{paas.Unavailable, paastechv1.Kind_KIND_UNAVAILABLE, codes.Unavailable},
	{paas.Canceled, paastechv1.Kind_KIND_CANCELED, codes.Aborted},
}

// toStatus is an error as it travels.
func toStatus(err error) error {
	if err == nil {
		return nil
	}
	if _, already := status.FromError(err); already {
		return err
	}
	failure := &paastechv1.Failure{Cause: strings.ToValidUTF8(err.Error(), "�")}
	code, sentence := codes.Unknown, failure.Cause
	if public, is := errors.AsType[*paas.Error](err); is {
		code, sentence = describe(failure, public), strings.ToValidUTF8(public.Message, "�")
		if public.Cause != nil && error(public) == err {
			failure.Cause = strings.ToValidUTF8(public.Cause.Error(), "�")
		} else if public.Cause == nil && error(public) == err {
			failure.Cause = ""
		}
	}
	if number, is := errors.AsType[syscall.Errno](err); is {
		failure.Errno = int32(number)
	}
	switch {
	case errors.Is(err, context.Canceled):
		code = codes.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		code = codes.DeadlineExceeded
	}
	told, encoding := status.New(code, sentence).WithDetails(failure)
	if encoding != nil {
		return status.Error(code, sentence)
	}
	return told.Err()
}

func describe(failure *paastechv1.Failure, public *paas.Error) codes.Code {
	failure.Code, failure.Message = string(public.Code), strings.ToValidUTF8(public.Message, "�")
	for _, detail := range public.Details {
		failure.Details = append(failure.Details, &paastechv1.Detail{Field: detail.Field, Message: detail.Message})
	}
	if public.RetryAfter != 0 {
		failure.RetryAfter = durationpb.New(public.RetryAfter)
	}
	for _, each := range kinds {
		if each.kind == public.Kind {
			failure.Kind = each.wire
			return each.grpc
		}
	}
	failure.Kind = paastechv1.Kind_KIND_INTERNAL
	return codes.Internal
}

// remoteError is an error of another process that none may read but the log.
type remoteError struct {
	text  string
	errno syscall.Errno
}

func (e *remoteError) Error() string { return e.text }

// Unwrap gives the system's error below it, which says that a disk is full.
func (e *remoteError) Unwrap() error {
	if e.errno == 0 {
		return nil
	}
	return e.errno
}

// fromStatus is what a module said, or, when it was the way to it that failed, that it does not answer. What ends
// because ctx does says why ctx did.
func (c *connection) fromStatus(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	told, is := status.FromError(err)
	if ctx.Err() != nil {
		return fmt.Errorf("ask the %s (%s): %w", c.module, told.Message(), context.Cause(ctx))
	}
	if !is {
		return err
	}
	for _, detail := range told.Details() {
		if failure, is := detail.(*paastechv1.Failure); is {
			return fromFailure(failure)
		}
	}
	return c.silent(told).Because(err)
}

// silent is what people read when it was the way to a module that failed.
func (c *connection) silent(told *status.Status) *paas.Error {
	sentence := "The platform's %s module does not answer at %s; what runs goes on running. Try again when it does."
	if told.Code() == codes.Unimplemented {
		sentence = "The platform's %s module at %s is of an older version than this daemon. Start it again with the same program."
	}
	return paas.Errorf(paas.Unavailable, paas.EUnavailable, sentence, c.module, c.address)
}

func fromFailure(failure *paastechv1.Failure) error {
	var cause error
	if failure.GetCause() != "" || failure.GetErrno() != 0 {
		cause = &remoteError{failure.GetCause(), syscall.Errno(failure.GetErrno())}
	}
	for _, each := range kinds {
		if each.wire != failure.GetKind() {
			continue
		}
		public := &paas.Error{Kind: each.kind, Code: paas.Code(failure.GetCode()), Message: failure.GetMessage(), Cause: cause}
		for _, detail := range failure.GetDetails() {
			public.Details = append(public.Details, paas.Detail{Field: detail.GetField(), Message: detail.GetMessage()})
		}
		if failure.RetryAfter != nil {
			public.RetryAfter = failure.RetryAfter.AsDuration()
		}
		return public
	}
	if cause == nil {
		cause = errors.New("the other process says no more")
	}
	return cause
}
