/// `shutdown`.
let shutdownCommands: [Command] = [
  Command("shutdown") { call in try call.services.shutdown.request() }
]
