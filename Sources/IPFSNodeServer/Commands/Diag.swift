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
  // The empty directory is always here.
  Command("diag/healthy") { call in
    _ = try await call.node.storage()
    try await call.reply.value("ok")
  },
]
