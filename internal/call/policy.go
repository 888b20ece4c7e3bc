package call

// Trigger is what brought a policy revision in force, or had it tried.
type Trigger string

// The triggers.
const (
	ByStart    Trigger = "start"    // the daemon began with it
	ByFile     Trigger = "file"     // a file of the policy directory was changed
	BySignal   Trigger = "SIGHUP"   // somebody sent the daemon SIGHUP
	ByReload   Trigger = "reload"   // somebody asked over the control socket
	ByPush     Trigger = "push"     // policy push
	ByRollback Trigger = "rollback" // policy rollback
	ByUnknown  Trigger = "unknown"  // it was in force before the ledger kept a history
)

// PolicyChange says what became of a policy that was tried and not refused.
type PolicyChange struct {
	Revision string `json:"revision"`           // which is in force now
	Before   string `json:"before,omitempty"`   // which was in force until now; empty if none was
	Replaced string `json:"replaced,omitempty"` // what lay in the policy directory, never in force, and was written over
	Changed  bool   `json:"changed"`            // false: it was in force already
	Warning  string `json:"warning,omitempty"`  // what in it is not as it should be, although it is in force
}
