import IPFSNode
import Logging
import NIOCore
import UnixFS

/// `log/*`.
let logCommands: [Command] = [
  Command("log/level", [.string("subsystem", required: false), .string("level", required: false)]) { call in
    let log = call.services.log
    let isAll = ["*", "all"].contains(call.argument(0))
    let subsystem = isAll ? nil : call.argument(0).flatMap { $0.isEmpty ? nil : $0 }
    guard let name = call.argument(1), !name.isEmpty else {
      var levels: [(name: String, value: JSON)] = []
      if isAll {
        levels = log.subsystems.map { ($0, .string(kuboName(log.level(of: $0)))) }
        levels.append(("(default)", .string(kuboName(log.level(of: nil)))))
      } else {
        levels = [(subsystem ?? "", .string(kuboName(log.level(of: subsystem))))]
      }
      return try await call.reply.value(["Levels": .object(levels)])
    }
    guard isAll || subsystem != nil else { throw RPCError("argument \"subsystem\" is required") }
    let level = name == "default" ? log.level(of: nil) : try level(name)
    guard log.set(subsystem, to: level) else { throw RPCError("too many subsystems have a level of their own") }
    let shown = name == "default" ? kuboName(level) : name
    try await call.reply.value(["Message": .string("Changed log level of '\(subsystem ?? "*")' to '\(shown)'\n")])
  },
  Command("log/ls") { call in
    try await call.reply.value(["Strings": JSON(call.services.log.subsystems)])
  },
  Command("log/tail", options: [.init(.string, "log-level")], lasting: true) { call in
    var lowest = call.services.log.level(of: nil)
    if let name = call.options.string("log-level"), !name.isEmpty {
      do {
        lowest = try level(name)
      } catch {
        throw RPCError("setting log level \(name): \(RPCError(error).message)")
      }
    }
    let lines = call.services.log.lines(from: lowest)
    try await call.reply.beginBytes()
    for await line in lines {
      var text: [UInt8] = []
      json(line).write(to: &text)
      try await call.reply.write(ByteBuffer(bytes: text + [0x0A]))
    }
  },
]

/// Kubo's levels; those above an error end the process there, which nothing here does.
private let levels: [(name: String, level: Logger.Level)] = [
  ("debug", .debug), ("info", .info), ("warn", .warning), ("warning", .warning), ("error", .error),
  ("dpanic", .critical), ("panic", .critical), ("fatal", .critical),
]

private func level(_ name: String) throws(RPCError) -> Logger.Level {
  guard let found = levels.first(where: { $0.name == name.lowercased() }) else {
    throw RPCError("unrecognized level: \"\(name)\"")
  }
  return found.level
}

private func kuboName(_ level: Logger.Level) -> String {
  switch level {
  case .trace, .debug: "debug"
  case .info, .notice: "info"
  case .warning: "warn"
  case .error: "error"
  case .critical: "fatal"
  }
}

private func json(_ line: LogRelay.Line) -> JSON {
  var members: [(name: String, value: JSON)] = [
    ("level", .string(kuboName(line.event.level))), ("ts", .string(RFC3339.text(Names.now()))),
    ("logger", .string(line.subsystem)), ("caller", .string("\(line.event.source):\(line.event.line)")),
    ("msg", .string(line.event.message.description)),
  ]
  for (key, value) in (line.event.metadata ?? [:]).sorted(by: { $0.key < $1.key }) {
    members.append((key, .string(value.description)))
  }
  return .object(members)
}
