// Package fault is what chaos does to a cluster: a fault a file, a row each in
// Faults. Each begins, is shown to have bitten, and is healed, so that a trial
// whose fault met nothing does not count. What a fault makes on the machine is
// written down in the site's journal before it is made.
package fault
