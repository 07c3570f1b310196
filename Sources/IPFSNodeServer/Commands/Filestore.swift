/// `filestore/*`: the node keeps no references to files outside.
let filestoreCommands: [Command] = [
  Command(
    "filestore/ls", [.string("obj", required: false, variadic: true)], options: [.init(.bool, "file-order")]
  ) { _ in throw notEnabled },
  Command(
    "filestore/verify", [.string("obj", required: false, variadic: true)],
    options: [.init(.bool, "file-order"), .init(.bool, "remove-bad-blocks")]
  ) { _ in throw notEnabled },
  Command("filestore/dups") { _ in throw notEnabled },
]

private let notEnabled = RPCError("filestore is not enabled, see https://git.io/vNItf")
