package paas

import "context"

// Record adds an entry to the audit. It happens after the change itself, so that its own failure is
// only logged: what was done is done.
func (p *Platform) Record(ctx context.Context, entry AuditEntry) {
	entry.At = p.now()
	if err := p.Store.AppendAudit(context.WithoutCancel(ctx), entry); err != nil {
		p.Log.ErrorContext(ctx, "append to the audit", "action", entry.Action, "target", entry.Target, "by", entry.Name, "result", entry.Result, "error", err)
	}
}

// Audit lists the record of changes, newest first.
func (p *Platform) Audit(ctx context.Context, query AuditQuery) ([]AuditEntry, error) {
	return p.Store.Audit(ctx, query)
}
