/** What jmcp adds to the builder's own configuration: numbers of modules are by their order. By default they
 * come from names, and that of the entry has the path of the checkout in it, so that each would build another. */
module.exports = { optimization: { moduleIds: "natural" } };
