import IPLD
import UnixFS

/// Imports a file that arrives in pieces.
func importFile(
  _ content: [UInt8], profile: ImportProfile, pieceSize: Int, to store: any BlockStore
) async throws -> DAGRoot {
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: content.count, alignment: 1)
  defer { buffer.deallocate() }
  buffer.copyBytes(from: content)
  var importer = Importer(profile: profile, sink: store)
  for start in stride(from: 0, to: content.count, by: pieceSize) {
    let piece = buffer[start..<min(start + pieceSize, content.count)]
    try await importer.append(UnsafeRawBufferPointer(rebasing: piece))
  }
  return try await importer.finish()
}

/// Reads a whole file.
func readAll(_ reader: FileReader) async throws -> [UInt8] {
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(reader.size) + 1, alignment: 1)
  defer { buffer.deallocate() }
  let count = try await reader.read(at: 0, into: buffer)
  return Array(buffer[..<count])
}
