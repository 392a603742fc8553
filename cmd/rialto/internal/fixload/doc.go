// Package fixload is the load generator of the FIX port: sessions that trade
// and measure, from the order's sending to its first report, what a client
// sees; also over nodes that die under them.
package fixload
