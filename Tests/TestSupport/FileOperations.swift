public import IPLD
public import UnixFS

/// Lends the bytes of an array to asynchronous calls.
public func withBytes<Result>(
  of array: [UInt8], _ body: (UnsafeRawBufferPointer) async throws -> Result
) async rethrows -> Result {
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: array.count, alignment: 1)
  defer { buffer.deallocate() }
  buffer.copyBytes(from: array)
  return try await body(UnsafeRawBufferPointer(buffer))
}

/// Imports a file that arrives in pieces of `pieceSize` bytes.
public func importFile(
  _ content: [UInt8], profile: ImportProfile, metadata: UnixFSMetadata? = nil, pieceSize: Int = 1_000_003,
  to sink: any BlockSink
) async throws -> DAGRoot {
  try await withBytes(of: content) { bytes in
    var importer = Importer(profile: profile, metadata: metadata, sink: sink)
    for start in stride(from: 0, to: bytes.count, by: pieceSize) {
      try await importer.append(UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + pieceSize, bytes.count)]))
    }
    return try await importer.finish()
  }
}

/// Stores one chunk.
public func storeLeaf(_ chunk: [UInt8], profile: ImportProfile, to sink: any BlockSink) async throws -> Leaf {
  try await withBytes(of: chunk) { try await LeafEncoder.store($0, profile: profile, to: sink) }
}

/// Reads up to `count` bytes of a file.
public func read(_ reader: FileReader, at offset: UInt64, count: Int) async throws -> [UInt8] {
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
  defer { buffer.deallocate() }
  let read = try await reader.read(at: offset, into: buffer)
  return Array(buffer[..<read])
}

/// Reads a whole file, and one byte more if there is one.
public func readAll(_ reader: FileReader) async throws -> [UInt8] {
  try await read(reader, at: 0, count: Int(reader.size) + 1)
}
