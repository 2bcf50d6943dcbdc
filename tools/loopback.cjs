// Loaded before the suite's server: it would listen on all addresses of the machine.
const { Server } = require('node:net')
const listen = Server.prototype.listen
Server.prototype.listen = function (port, ...others) {
  return listen.call(this, { port: Number(port), host: '127.0.0.1' }, ...others)
}
