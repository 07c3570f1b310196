import Foundation
import Glibc
import IPFSNode

/// `diag/*`, as far as there is something to tell.
let diagCommands: [Command] = [
  Command("diag/sys") { call in
    var volume = statvfs()
    let block = statvfs(call.node.repo.path, &volume) == 0 ? UInt64(volume.f_frsize) : 0
    let memory = UInt64(max(0, sysconf(Int32(_SC_PHYS_PAGES)))) * UInt64(max(0, sysconf(Int32(_SC_PAGESIZE))))
    let processors = Int64(ProcessInfo.processInfo.activeProcessorCount)
    try await call.reply.value([
      "diskinfo": [
        "free_space": .uint(UInt64(volume.f_bavail) * block), "fstype": .string(""),
        "total_space": .uint(UInt64(volume.f_blocks) * block),
      ],
      "environment": ["GOPATH": "", "IPFS_PATH": .string(call.node.repo.path)],
      "ipfs_commit": .string(ServerVersion.header), "ipfs_version": .string(ServerVersion.reported),
      "memory": ["swap": 0, "virt": .uint(memory)], "net": ["interface_addresses": [], "online": false],
      "runtime": [
        "arch": .string(ServerVersion.machine), "compiler": "swift", "gomaxprocs": .int(processors),
        "numcpu": .int(processors), "numgoroutines": 0, "os": "linux", "version": "",
      ],
    ])
  },
  Command("diag/healthy") { call in
    // Whoever asks wants to know whether the repo answers.
    _ = try call.node.configuration.contents()
    _ = try call.node.pins.list()
    try await call.reply.value("ok")
  },
  Command("diag/cmds", options: [.init(.bool, "verbose", "v")]) { call in
    try await call.reply.value(.array(call.services.requests.entries.map(json)))
  },
  Command("diag/cmds/clear") { call in call.services.requests.clear() },
  Command("diag/cmds/set-time", [.string("time")]) { call in
    let text = call.arguments[0]
    guard let seconds = Duration.goSeconds(text) else { throw RPCError("time: invalid duration \"\(text)\"") }
    call.services.requests.remember(for: seconds)
  },
]

private func json(_ entry: RequestLog.Entry) -> JSON {
  [
    "StartTime": .string(RFC3339.text(entry.start)),
    // As Go writes a time that is none.
    "EndTime": .string(entry.end.map(RFC3339.text) ?? "0001-01-01T00:00:00Z"), "Active": .bool(entry.end == nil),
    "Command": .string(entry.command), "Options": .object(entry.options.map { ($0.name, .string($0.value)) }),
    "Args": JSON(entry.arguments), "ID": .int(Int64(clamping: entry.number)),
  ]
}
