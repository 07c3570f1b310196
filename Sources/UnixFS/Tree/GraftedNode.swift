/// A node of a tree that is put into another one whole.
public struct GraftedNode: Sendable {
  /// Where the directory that it is in stands in the list: before it. Nil for the first one.
  public var parent: Int?
  /// Its name there.
  public var name: EntryName
  /// Mode, owner and times.
  public var attributes: Attributes
  /// What it holds. A directory's count of subdirectories is computed.
  public var content: NodeContent
  /// A directory's DAG.
  public var dag: DAGRoot?
  /// What a directory's DAG has of its own.
  public var form: DirectoryForm?
  /// The user's own extended attributes.
  public var extendedAttributes: [EntryName: [UInt8]]

  /// Makes a node.
  public init(
    parent: Int?, name: EntryName, attributes: Attributes, content: NodeContent, dag: DAGRoot?,
    form: DirectoryForm? = nil, extendedAttributes: [EntryName: [UInt8]] = [:]
  ) {
    self.parent = parent
    self.name = name
    self.attributes = attributes
    self.content = content
    self.dag = dag
    self.form = form
    self.extendedAttributes = extendedAttributes
  }
}
