// Package fixtraffic (no promise) trades over FIX as firms do whose nodes die:
// sessions that keep their numbers, and know of every message what it was and
// when it came. Two clients do it: quickfixgo's initiator, which is of another
// house, and a raw one that logs on again every 20 ms.
package fixtraffic
