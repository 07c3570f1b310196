package import CFuse3
internal import Glibc

/// libfuse's table of callbacks. Each copies what it was given, because that dies when it returns, and starts a task.
///
/// They are members of a type without isolation: closures formed in a `main` that is isolated to the main actor would
/// trap on libfuse's threads.
package enum Callbacks {
  /// The table.
  package static func table() -> fuse_lowlevel_ops {
    var table = fuse_lowlevel_ops()
    addStartup(to: &table)
    addNodes(to: &table)
    addNames(to: &table)
    addFiles(to: &table)
    addDirectories(to: &table)
    addExtendedAttributes(to: &table)
    return table
  }

  /// How the session reads from and writes to the device.
  static func deviceAccess() -> fuse_custom_io {
    var io = fuse_custom_io()
    io.read = cfuse_read
    io.writev = { device, parts, count, userdata in
      guard let parts, let userdata else {
        errno = EINVAL
        return -1
      }
      return Unmanaged<Dispatcher>.fromOpaque(userdata)._withUnsafeGuaranteedRef {
        $0.startup.write(device, parts, count)
      }
    }
    return io
  }

  private static func addStartup(to table: inout fuse_lowlevel_ops) {
    table.`init` = { userdata, connection in
      guard let userdata, let connection else { return }
      let dispatcher = Unmanaged<Dispatcher>.fromOpaque(userdata).takeUnretainedValue()
      dispatcher.startup.negotiate(&connection.pointee, dispatcher.configuration)
    }
  }

  private static func addNodes(to table: inout fuse_lowlevel_ops) {
    table.forget = { raw, node, lookups in
      guard let raw else { return }
      Dispatcher.of(raw).operations.forget([ForgottenNode(node: NodeID(rawValue: node), lookups: lookups)])
      fuse_reply_none(raw)
    }
    table.forget_multi = { raw, count, nodes in
      guard let raw else { return }
      let nodes = UnsafeBufferPointer(start: nodes, count: count).map {
        ForgottenNode(node: NodeID(rawValue: $0.ino), lookups: $0.nlookup)
      }
      Dispatcher.of(raw).operations.forget(nodes)
      fuse_reply_none(raw)
    }
    table.getattr = { raw, node, info in
      guard let raw else { return }
      let handle = FileHandle(info)
      Dispatcher.start(raw) { operations, context throws(Errno) in
        try await operations.getattr(NodeID(rawValue: node), handle: handle, context)
      } answer: { reply, attributes in
        reply.attributes(attributes)
      }
    }
    table.setattr = { raw, node, stat, valid, info in
      guard let raw, let stat else { return }
      let handle = FileHandle(info)
      let changes = AttributeChanges(stat.pointee, valid: valid)
      Dispatcher.start(raw) { operations, context throws(Errno) in
        try await operations.setattr(NodeID(rawValue: node), changes, handle: handle, context)
      } answer: { reply, attributes in
        reply.attributes(attributes)
      }
    }
    table.readlink = { raw, node in
      guard let raw else { return }
      Dispatcher.start(raw) { operations, context throws(Errno) in
        try await operations.readlink(NodeID(rawValue: node), context)
      } answer: { reply, target in
        reply.bytes(target)
      }
    }
    table.access = { raw, node, mask in
      guard let raw else { return }
      Dispatcher.start(raw) { operations, context throws(Errno) in
        try await operations.access(NodeID(rawValue: node), mask: UInt32(bitPattern: mask), context)
      } answer: { reply, _ in
        reply.success()
      }
    }
    table.statfs = { raw, node in
      guard let raw else { return }
      Dispatcher.start(raw) { operations, context throws(Errno) in
        try await operations.statfs(NodeID(rawValue: node), context)
      } answer: { reply, statistics in
        reply.statistics(statistics)
      }
    }
  }
}

extension FileHandle {
  /// The handle in the library's information on an open file, if there is any.
  init?(_ info: UnsafePointer<fuse_file_info>?) {
    guard let info else { return nil }
    self.init(rawValue: info.pointee.fh)
  }
}

extension [UInt8] {
  /// Copies the library's string, without the NUL.
  init(copying text: UnsafePointer<CChar>) {
    self.init(UnsafeRawBufferPointer(start: text, count: strlen(text)))
  }
}
