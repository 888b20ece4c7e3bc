// Package policydir is the policy directory as a place on the disk: it writes a whole policy into it, all or nothing,
// and notices when somebody else has changed it. What the files mean is not its business.
package policydir
