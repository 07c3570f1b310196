internal import CFuse3

extension Callbacks {
  /// Operations on extended attributes.
  static func addExtendedAttributes(to table: inout fuse_lowlevel_ops) {
    table.setxattr = { raw, node, rawName, bytes, size, flags in
      guard let raw, let rawName else { return }
      let name = [UInt8](copying: rawName)
      let value = [UInt8](UnsafeRawBufferPointer(start: bytes, count: size))
      let creation = AttributeCreation(flags)
      Dispatcher.start(raw) { operations, context throws(Errno) in
        try await operations.setxattr(
          NodeID(rawValue: node), name: name, value: value, creation: creation, context)
      } answer: { reply, _ in
        reply.success()
      }
    }
    table.getxattr = { raw, node, rawName, space in
      guard let raw, let rawName else { return }
      let name = [UInt8](copying: rawName)
      Dispatcher.start(raw) { operations, context throws(Errno) in
        try await operations.getxattr(NodeID(rawValue: node), name: name, context)
      } answer: { reply, value in
        reply.attribute(value, space: space)
      }
    }
    table.listxattr = { raw, node, space in
      guard let raw else { return }
      Dispatcher.start(raw) { operations, context throws(Errno) in
        try await operations.listxattr(NodeID(rawValue: node), context)
      } answer: { reply, names in
        reply.attribute(names.flatMap { $0 + [0] }, space: space)
      }
    }
    table.removexattr = { raw, node, rawName in
      guard let raw, let rawName else { return }
      let name = [UInt8](copying: rawName)
      Dispatcher.start(raw) { operations, context throws(Errno) in
        try await operations.removexattr(NodeID(rawValue: node), name: name, context)
      } answer: { reply, _ in
        reply.success()
      }
    }
  }
}
